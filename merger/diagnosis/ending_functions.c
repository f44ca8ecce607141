#include "merger/diagnosis/ending_functions.h"

#include "merger/base/wildcard.h"
#include "merger/diagnosis/blocking_functions.h"
#include "merger/profile/label.h"

#define CALLER '>'

enum {
	WORDS_SIGNAL,
	WORDS_ABORT,
	WORDS_ASSERT,
	WORDS_HEAP,
	WORDS_FORTIFY,
	WORDS_STACK,
	WORDS_TERMINATE,
	WORDS_EXCEPTION,
	WORDS_VIRTUAL,
	WORDS_RUST,
	WORDS_GO,
	WORDS_PYTHON,
	WORDS_GLIB,
	WORDS_QT,
	WORDS_SANITIZER,
	WORDS_JAVA,
	WORDS_CHECK
};

static const char *const words[] = {
	[WORDS_SIGNAL] = "it sent the signal itself",
	[WORDS_ABORT] = "it called abort",
	[WORDS_ASSERT] = "an assertion failed",
	[WORDS_HEAP] = "malloc found that its heap is corrupt",
	[WORDS_FORTIFY] = "libc found a buffer overflow",
	[WORDS_STACK] = "a function found that its stack frame was overwritten",
	[WORDS_TERMINATE] = "C++ called std::terminate",
	[WORDS_EXCEPTION] = "a C++ exception was not caught",
	[WORDS_VIRTUAL] = "a pure virtual function was called",
	[WORDS_RUST] = "Rust code panicked",
	[WORDS_GO] = "Go's runtime ended it",
	[WORDS_PYTHON] = "CPython found a fatal error",
	[WORDS_GLIB] = "GLib ended it",
	[WORDS_QT] = "Qt ended it",
	[WORDS_SANITIZER] = "a sanitizer found an error",
	[WORDS_JAVA] = "the Java virtual machine found a fatal error",
	[WORDS_CHECK] = "a check failed",
};

/* '*' matches any characters. Names without leading underscores. Sources: glibc, libstdc++-v3's
 * libsupc++, libc++abi, Rust's library/std and library/core, Go's runtime/, CPython's
 * Python/pylifecycle.c, LLVM's compiler-rt, HotSpot's utilities/vmError.cpp. */
static const struct {
	char name[36];
	uint8_t words;
} rows[] = {
	{ "raise", WORDS_SIGNAL },
	{ "libc_raise", WORDS_SIGNAL },
	{ "gsignal", WORDS_SIGNAL },
	{ "pthread_kill*", WORDS_SIGNAL },
	{ "abort", WORDS_ABORT },
	{ "libc_abort", WORDS_ABORT },
	{ "abort_message", WORDS_TERMINATE },
	{ "assert_fail*", WORDS_ASSERT },
	{ "assert_perror_fail*", WORDS_ASSERT },
	{ "assert_rtn", WORDS_ASSERT },
	{ "assert", WORDS_ASSERT },
	{ "assert2", WORDS_ASSERT },
	{ "assert13", WORDS_ASSERT },
	{ "ut_dbg_assertion_failed*", WORDS_ASSERT },
	{ ">libc_assert_fail*", WORDS_ASSERT },
	{ "malloc_printerr*", WORDS_HEAP },
	{ "malloc_consolidate", WORDS_HEAP },
	{ "fortify_fail*", WORDS_FORTIFY },
	{ "chk_fail", WORDS_FORTIFY },
	{ "stack_chk_fail*", WORDS_STACK },
	{ ">libc_message*", WORDS_ABORT },
	{ "std::terminate*", WORDS_TERMINATE },
	{ "std::__terminate*", WORDS_TERMINATE },
	{ "cxxabiv1::*terminate*", WORDS_TERMINATE },
	{ "gnu_cxx::*terminate_handler*", WORDS_TERMINATE },
	{ "demangling_terminate_handler*", WORDS_TERMINATE },
	{ ">cxa_throw*", WORDS_EXCEPTION },
	{ ">cxa_rethrow*", WORDS_EXCEPTION },
	{ ">gxx_personality*", WORDS_EXCEPTION },
	{ ">Unwind_*", WORDS_EXCEPTION },
	{ ">std::__throw_*", WORDS_EXCEPTION },
	{ ">cxa_call_terminate", WORDS_TERMINATE },
	{ "cxa_pure_virtual", WORDS_VIRTUAL },
	{ "rust_panic*", WORDS_RUST },
	{ "rust_begin_unwind*", WORDS_RUST },
	{ "rustc::*rust_begin_unwind*", WORDS_RUST },
	{ "rust_start_panic*", WORDS_RUST },
	{ "panic_abort::*", WORDS_RUST },
	{ "std::panicking::rust_panic*", WORDS_RUST },
	{ "std::panicking::begin_panic*", WORDS_RUST },
	{ "std::panicking::panic_handler*", WORDS_RUST },
	{ "std::process::abort", WORDS_RUST },
	{ "std::sys::*abort_internal*", WORDS_RUST },
	{ ">std::sys::backtrace::*short*", WORDS_RUST },
	{ "core::panicking::*", WORDS_RUST },
	{ "core::option::*_failed*", WORDS_RUST },
	{ "core::result::*_failed*", WORDS_RUST },
	{ "runtime.throw*", WORDS_GO },
	{ "runtime.fatal*", WORDS_GO },
	{ "runtime.dieFromSignal*", WORDS_GO },
	{ "runtime.crash*", WORDS_GO },
	{ "runtime.gopanic*", WORDS_GO },
	{ "runtime.sigpanic*", WORDS_GO },
	{ "runtime.raise*", WORDS_GO },
	{ "Py_FatalError*", WORDS_PYTHON },
	{ "fatal_error*", WORDS_PYTHON },
	{ "g_log_abort", WORDS_GLIB },
	{ "g_assertion_message*", WORDS_GLIB },
	{ ">g_log*", WORDS_GLIB },
	{ "qt_message_fatal*", WORDS_QT },
	{ "qt_assert*", WORDS_QT },
	{ "QMessageLogger::fatal*", WORDS_QT },
	{ "asan::*Report*", WORDS_SANITIZER },
	{ "asan_report*", WORDS_SANITIZER },
	{ "ubsan_handle*", WORDS_SANITIZER },
	{ "sanitizer::Die*", WORDS_SANITIZER },
	{ "sanitizer::Abort*", WORDS_SANITIZER },
	{ "msan_warning*", WORDS_SANITIZER },
	{ "VMError::report*", WORDS_JAVA },
	{ "google::LogMessage*", WORDS_CHECK },
	{ "absl::*LogMessageFatal*", WORDS_CHECK },
};

/* Other functions of runtimes. */
static const char runtime_names[][24] = {
	"std::*",        "core::*",     "alloc::*",      "<core::*",
	"<std::*",       "<alloc::*",   "cxxabiv1::*",   "gnu_cxx::*",
	"cxa_*",         "Unwind_*",    "operator new*", "operator delete*",
	"runtime.*",     "Py*",         "interceptor*",  "asan*",
	"ubsan*",        "sanitizer*",  "msan*",         "tsan*",
	"lsan*",         "hwasan*",     "malloc",        "free",
	"calloc",        "realloc",     "cfree",         "int_malloc",
	"int_free*",     "int_realloc", "sysmalloc*",    "tcache_*",
	"unlink_chunk*", "libc_*",      "memcpy*",       "memmove*",
	"memset*",       "memcmp*",     "memchr*",       "mem*_avx*",
	"mem*_sse*",     "mem*_erms*",  "str*_avx*",     "str*_sse*",
	"str*_evex*",    "mem*_evex*",  "strlen*",       "strcpy*",
	"strncpy*",      "strcmp*",     "strncmp*",      "strcat*",
	"strchr*",       "strstr*",     "strdup*",       "strtol*",
	"vfprintf*",     "printf",      "fprintf",       "sprintf",
	"snprintf",      "vsnprintf*",  "vsprintf*",     "puts",
	"fputs",         "qsort*",      "kill",          "tgkill",
	"backtrace*",    "wait",        "KCrash::*",     "exit",
};

static const struct span modules[] = {
	SPAN_INIT("libc.so"),    SPAN_INIT("libc-2."),   SPAN_INIT("libpthread"),
	SPAN_INIT("ld-"),        SPAN_INIT("libstdc++"), SPAN_INIT("libgcc_s"),
	SPAN_INIT("libasan"),    SPAN_INIT("libubsan"),  SPAN_INIT("libtsan"),
	SPAN_INIT("libc++abi"),  SPAN_INIT("ld.so"),     SPAN_INIT("libc++."),
	SPAN_INIT("libsystem_"),
};

static const struct span paths[] = {
	SPAN_INIT("sysdeps/"),      SPAN_INIT("nptl/"),         SPAN_INIT("libstdc++-v3"),
	SPAN_INIT("/rustc/"),       SPAN_INIT("library/std/"),  SPAN_INIT("library/core/"),
	SPAN_INIT("/usr/include/"), SPAN_INIT("libsanitizer/"), SPAN_INIT("compiler-rt/"),
	SPAN_INIT("src/runtime/"),
};

static size_t find_row(struct span name)
{
	struct span bare = blocking_function_bare(name);

	for (size_t i = 0; bare.len && i < sizeof(rows) / sizeof(rows[0]); i++)
		if (wildcard_match(bare, span_of(rows[i].name + (rows[i].name[0] == CALLER))))
			return i;
	return SIZE_MAX;
}

const char *ending_function_words(struct span name)
{
	size_t row = find_row(name);

	return row == SIZE_MAX ? NULL : words[rows[row].words];
}

bool ending_function_is_caller(struct span name)
{
	size_t row = find_row(name);

	return row != SIZE_MAX && rows[row].name[0] == CALLER;
}

static bool is_runtime_file(struct span file)
{
	for (size_t i = 0; file.len && i < sizeof(paths) / sizeof(paths[0]); i++)
		if (memmem(file.ptr, file.len, paths[i].ptr, paths[i].len))
			return true;
	return false;
}

bool ending_function_is_runtime(const struct snapshot *snapshot, const struct frame *frame)
{
	struct span name = intern_get(snapshot->intern, frame->name);
	struct span module = span_basename(intern_get(snapshot->intern, frame->module));
	struct span bare = blocking_function_bare(name);

	if (frame->kind != FRAME_NATIVE)
		return frame->kind != FRAME_PYTHON;
	if (label_is_nameless(name) || blocking_function_is(name) || find_row(name) != SIZE_MAX ||
	    is_runtime_file(intern_get(snapshot->intern, frame->file)))
		return true;
	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
		if (span_starts(module, modules[i]))
			return true;
	for (size_t i = 0; i < sizeof(runtime_names) / sizeof(runtime_names[0]); i++)
		if (wildcard_match(bare, span_of(runtime_names[i])))
			return true;
	return false;
}
