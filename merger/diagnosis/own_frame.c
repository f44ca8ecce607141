#include "merger/diagnosis/own_frame.h"

#include "merger/base/wildcard.h"
#include "merger/diagnosis/blocking_functions.h"
#include "merger/profile/label.h"

struct owner_row {
	const char *pattern; /* wildcard.h */
	enum frame_owner owner;
};

/* Files of Python code; the first match counts. Files of packages come first: they are inside of
 * folders of the standard library. */
static const struct owner_row python_files[] = {
	{ "*site-packages/*", OWNER_PACKAGE },   { "*dist-packages/*", OWNER_PACKAGE },
	{ "*site-packages\\*", OWNER_PACKAGE },  { "<frozen *", OWNER_RUNTIME },
	{ "*/threading.py", OWNER_RUNTIME },     { "threading.py", OWNER_RUNTIME },
	{ "*/lib*/python3*/*", OWNER_STANDARD }, { "*/lib*/python2*/*", OWNER_STANDARD },
	{ "*/lib*/pypy*/*", OWNER_STANDARD },    { "*.zip/*", OWNER_STANDARD },
	{ "*\\lib\\*", OWNER_STANDARD },         { "*\\Lib\\*", OWNER_STANDARD },
	{ "*/Lib/*", OWNER_STANDARD }, /* of CPython's source */
	{ "*/bin/*", OWNER_KNOWN_PACKAGE },      { "*/sbin/*", OWNER_KNOWN_PACKAGE },
};

/* Files of Ruby code, likewise. Gems that run the program's code come before the others. */
static const struct owner_row ruby_files[] = {
	{ "<internal:*", OWNER_RUNTIME },
	{ "<cfunc>", OWNER_RUNTIME },
	{ "*/gems/puma-*", OWNER_KNOWN_PACKAGE },
	{ "*/gems/unicorn-*", OWNER_KNOWN_PACKAGE },
	{ "*/gems/rack-*", OWNER_KNOWN_PACKAGE },
	{ "*/gems/sidekiq-*", OWNER_KNOWN_PACKAGE },
	{ "*/gems/concurrent-ruby-*", OWNER_KNOWN_PACKAGE },
	{ "*/gems/action*", OWNER_KNOWN_PACKAGE },
	{ "*/gems/active*", OWNER_KNOWN_PACKAGE },
	{ "*/gems/rail*", OWNER_KNOWN_PACKAGE },
	{ "*/gems/*", OWNER_PACKAGE },
	{ "*/lib/ruby/vendor_ruby/*", OWNER_PACKAGE },
	{ "*/lib/ruby/*", OWNER_STANDARD },
	{ "*/bin/*", OWNER_KNOWN_PACKAGE },
};

/* Modules of the standard library in which threads wait, for texts whose files have no folder. */
static const char *const standard_modules[] = {
	"queue.py",        "Queue.py",       "socket.py",          "ssl.py",
	"selectors.py",    "subprocess.py",  "_base.py",           "socketserver.py",
	"SocketServer.py", "base_events.py", "runpy.py",           "thread.py",
	"connection.py",   "synchronize.py", "base_subprocess.py", "asyncore.py",
	"contextlib.py",   "popen_fork.py",  "selector_events.py",
};

/* Packages whose code is not the program's own, even if they are its outermost frames. */
static const char *const known_packages[] = {
	"IPython",  "MySQLdb",    "OpenSSL",       "_pytest",     "aiohttp",    "aioredis",
	"alembic",  "amqp",       "anyio",         "apscheduler", "asgiref",    "asyncpg",
	"billiard", "boto3",      "botocore",      "bottle",      "celery",     "cheroot",
	"cherrypy", "click",      "dask",          "ddtrace",     "debugpy",    "distributed",
	"django",   "dramatiq",   "elasticsearch", "eventlet",    "falcon",     "fastapi",
	"flask",    "gevent",     "google",        "greenlet",    "grpc",       "gunicorn",
	"h11",      "httpcore",   "httpx",         "huey",        "hypercorn",  "ipykernel",
	"jinja2",   "joblib",     "kafka",         "kombu",       "ldap3",      "meinheld",
	"motor",    "mysql",      "newrelic",      "numpy",       "pandas",     "paramiko",
	"pika",     "pip",        "pluggy",        "psycopg",     "psycopg2",   "pymongo",
	"pymysql",  "pyramid",    "pytest",        "ray",         "redis",      "requests",
	"rq",       "sanic",      "scipy",         "sentry_sdk",  "setuptools", "sklearn",
	"sniffio",  "sqlalchemy", "starlette",     "tensorflow",  "torch",      "tornado",
	"trio",     "twisted",    "typer",         "urllib3",     "uvicorn",    "uvloop",
	"vine",     "waitress",   "watchdog",      "werkzeug",    "zmq",
};

/* Source files of native code. glibc prints paths of its build folder (2.17 to 2.41). */
static const struct owner_row native_files[] = {
	{ "*sysdeps/*", OWNER_RUNTIME },
	{ "*nptl/*", OWNER_RUNTIME },
	{ "*/csu/*", OWNER_RUNTIME },
	{ "*futex-internal.*", OWNER_RUNTIME },
	{ "*lowlevellock.*", OWNER_RUNTIME },
	{ "pthread_*.c", OWNER_RUNTIME },
	{ "*/include/c++/*", OWNER_RUNTIME },
	{ "/rustc/*", OWNER_RUNTIME },
	{ "*library/std/src/*", OWNER_RUNTIME },
	{ "*src/runtime/*.go", OWNER_RUNTIME },
	{ "*src/runtime/*.s", OWNER_RUNTIME },
	{ "*src/libstd/*", OWNER_RUNTIME },
	{ "*Python/ceval*", OWNER_STANDARD },
	{ "*src/sync/*.go", OWNER_RUNTIME },
};

/* Base names of mapped files. */
static const struct owner_row native_modules[] = {
	{ "libc.*", OWNER_RUNTIME },       { "libc-*", OWNER_RUNTIME },
	{ "libpthread*", OWNER_RUNTIME },  { "ld-*", OWNER_RUNTIME },
	{ "ld.so*", OWNER_RUNTIME },       { "*[vdso]", OWNER_RUNTIME },
	{ "linux-vdso*", OWNER_RUNTIME },  { "libstdc++*", OWNER_RUNTIME },
	{ "libgcc_s*", OWNER_RUNTIME },    { "libc++*", OWNER_RUNTIME },
	{ "libm.*", OWNER_RUNTIME },       { "libm-*", OWNER_RUNTIME },
	{ "libdl*", OWNER_RUNTIME },       { "librt*", OWNER_RUNTIME },
	{ "*libpython*", OWNER_STANDARD }, { "python2*", OWNER_STANDARD },
	{ "python3*", OWNER_STANDARD },    { "libjvm*", OWNER_STANDARD },
	{ "libruby*", OWNER_STANDARD },    { "ruby*", OWNER_STANDARD },
};

/* Functions that start threads and programs, and those of C++'s and Rust's libraries. */
static const struct owner_row native_names[] = {
	{ "_start", OWNER_RUNTIME },        { "__libc_start*", OWNER_RUNTIME },
	{ "start_thread*", OWNER_RUNTIME }, { "*clone", OWNER_RUNTIME },
	{ "*clone3", OWNER_RUNTIME },       { "execute_native_thread_routine", OWNER_RUNTIME },
	{ "std::*", OWNER_RUNTIME },        { "__gthread_*", OWNER_RUNTIME },
	{ "__gnu_cxx::*", OWNER_RUNTIME },  { "core::*", OWNER_RUNTIME },
	{ "alloc::*", OWNER_RUNTIME },      { "boost::*", OWNER_RUNTIME },
	{ "parking_lot*", OWNER_RUNTIME },  { "runtime.*", OWNER_RUNTIME },
	{ "sync.*", OWNER_RUNTIME },        { "g_thread_proxy", OWNER_RUNTIME },
	{ "absl::*", OWNER_RUNTIME },       { "<std::*", OWNER_RUNTIME },
	{ "<core::*", OWNER_RUNTIME },      { "<alloc::*", OWNER_RUNTIME },
	{ "_PyEval_*", OWNER_STANDARD },    { "PyEval_*", OWNER_STANDARD },
	{ "__syscall*", OWNER_RUNTIME },    { "*syscall_cancel*", OWNER_RUNTIME },
	{ "start_routine", OWNER_RUNTIME }, { "thread_start*", OWNER_RUNTIME },
};

#define ROWS(table) (table), sizeof(table) / sizeof((table)[0])

/* The owner of the first row that matches, OWNER_PROGRAM if none does. */
static enum frame_owner find_owner(struct span text, const struct owner_row *rows, size_t count)
{
	for (size_t i = 0; text.len && i < count; i++)
		if (wildcard_match(text, span_of(rows[i].pattern)))
			return rows[i].owner;
	return OWNER_PROGRAM;
}

static bool is_listed(struct span word, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (span_eq(word, span_of(list[i])))
			return true;
	return false;
}

/* "redis" of "/usr/lib/python3/dist-packages/redis/client.py". */
static struct span find_package(struct span path)
{
	static const struct span folder = SPAN_INIT("-packages");
	const char *at = memmem(path.ptr, path.len, folder.ptr, folder.len);
	struct span name = span_skip(path, (size_t)(at - path.ptr) + folder.len + 1);
	size_t len = 0;

	while (len < name.len && !span_has(SPAN_LIT("/\\."), name.ptr[len]))
		len++;
	return (struct span){ name.ptr, len };
}

static enum frame_owner find_file_owner(struct span path)
{
	enum frame_owner owner = find_owner(path, ROWS(python_files));

	if (owner == OWNER_PACKAGE && is_listed(find_package(path), ROWS(known_packages)))
		return OWNER_KNOWN_PACKAGE;
	if (owner == OWNER_PROGRAM && is_listed(path, ROWS(standard_modules)))
		return OWNER_STANDARD;
	return owner;
}

/* A library of the system: "/usr/lib/x86_64-linux-gnu/libpq.so.5". Programs there have no ".so". */
static bool is_system_library(struct span path)
{
	return (span_starts(path, SPAN_LIT("/usr/lib")) || span_starts(path, SPAN_LIT("/lib"))) &&
	       memmem(path.ptr, path.len, ".so", 3);
}

static enum frame_owner worse(enum frame_owner a, enum frame_owner b)
{
	return a > b ? a : b;
}

static enum frame_owner find_native_owner(const struct snapshot *snapshot,
                                          const struct frame *frame)
{
	struct span name = intern_get(snapshot->intern, frame->name);
	struct span file = intern_get(snapshot->intern, frame->file);
	struct span module = intern_get(snapshot->intern, frame->module);
	enum frame_owner owner = find_owner(name, ROWS(native_names));

	if (!name.len || blocking_function_is(name))
		return OWNER_RUNTIME;
	owner = worse(owner, find_owner(file, ROWS(native_files)));
	owner = worse(owner, find_owner(span_basename(module), ROWS(native_modules)));
	if (owner != OWNER_RUNTIME && label_is_nameless(name))
		return OWNER_UNNAMED;
	if (owner == OWNER_PROGRAM && memmem(module.ptr, module.len, "-packages/", 10))
		return find_file_owner(module);
	if (owner == OWNER_PROGRAM && is_system_library(module))
		return OWNER_PACKAGE;
	return owner;
}

enum frame_owner frame_owner_of(const struct snapshot *snapshot, const struct frame *frame)
{
	if (frame->kind == FRAME_PYTHON)
		return find_file_owner(intern_get(snapshot->intern, frame->file));
	if (frame->kind == FRAME_RUBY)
		return find_owner(intern_get(snapshot->intern, frame->file), ROWS(ruby_files));
	return frame->kind == FRAME_NATIVE ? find_native_owner(snapshot, frame) : OWNER_RUNTIME;
}

/* The innermost frame whose owner comes first, of the native ones or of the others (script). *ret:
 * OWNER_RUNTIME if there is none. */
static const struct frame *find_best(const struct snapshot *snapshot,
                                     const struct snapshot_thread *thread, bool script,
                                     enum frame_owner *ret)
{
	const struct frame *best = NULL;

	*ret = OWNER_RUNTIME;
	for (size_t i = thread->frame_count; i > 0; i--) {
		const struct frame *frame = &thread->frames[i - 1];
		enum frame_owner owner;

		if (script ? !frame_is_script(frame->kind) : frame->kind != FRAME_NATIVE)
			continue;
		owner = frame_owner_of(snapshot, frame);
		if (owner >= *ret)
			continue;
		best = frame;
		*ret = owner;
		if (owner == OWNER_PROGRAM)
			break;
	}
	return best;
}

/* The next Python or Ruby frame towards the leaf. */
static const struct frame *find_callee(const struct snapshot_thread *thread,
                                       const struct frame *frame)
{
	const struct frame *end = thread->frames + thread->frame_count;

	for (frame++; frame < end; frame++)
		if (frame_is_script(frame->kind))
			return frame;
	return NULL;
}

const struct frame *own_frame_find(const struct snapshot *snapshot,
                                   const struct snapshot_thread *thread,
                                   const struct frame **through)
{
	enum frame_owner python_owner, native_owner;
	const struct frame *python = find_best(snapshot, thread, true, &python_owner);
	const struct frame *native = find_best(snapshot, thread, false, &native_owner);

	*through = NULL;
	if (python && python_owner <= native_owner) {
		*through = find_callee(thread, python);
		return python;
	}
	return native && native_owner < OWNER_STANDARD ? native : NULL;
}
