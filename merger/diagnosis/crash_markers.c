/* crash_markers: how a process ended. */
#include <signal.h>

#include "merger/diagnosis/snapshot_markers.h"

/* "SIGSEGV" of "SIGSEGV" or "11"; 0 if such a signal is no crash: a user's or a debugger's. */
static uint32_t take_signal(struct snapshot_builder *builder, const struct marker *marker)
{
	static const struct {
		const char *name;
		uint32_t number;
	} fatal[] = {
		{ "SIGILL", SIGILL },   { "SIGABRT", SIGABRT }, { "SIGBUS", SIGBUS },
		{ "SIGFPE", SIGFPE },   { "SIGSEGV", SIGSEGV }, { "SIGSYS", SIGSYS },
		{ "SIGXCPU", SIGXCPU }, { "SIGXFSZ", SIGXFSZ }, { "SIGSTKFLT", SIGSTKFLT },
		{ "SIGPROT", 0 }, /* CHERI */
	};
	struct span name = marker_get(marker, "signal");
	uint32_t number = snapshot_marker_number(marker, "signal");

	for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		if (span_eq(name, span_of(fatal[i].name)) || (number && number == fatal[i].number))
			return intern_add(builder->snapshot->intern, span_of(fatal[i].name));
	return span_starts(name, SPAN_LIT("EXC_")) ? snapshot_marker_intern(builder, name)
	                                           : 0; /* macOS */
}

/* Ends the message of the line before. */
static void add_to_message(struct snapshot_builder *builder, const struct marker *marker)
{
	struct buf text = { 0 };

	buf_add_span(&text, intern_get(builder->snapshot->intern, builder->crash.what));
	buf_add_span(&text, SPAN_LIT(": "));
	buf_add_span(&text, intern_get(builder->snapshot->intern,
	                               snapshot_marker_word(builder, marker, "more")));
	builder->crash.what = intern_add(builder->snapshot->intern, buf_span(&text));
	buf_deinit(&text);
}

/* A stop with a signal is another one than the crash before. A message may come before its
 * signal. */
static void take_crash(struct snapshot_builder *builder, const struct marker *marker)
{
	struct snapshot_crash *crash = &builder->crash;
	uint32_t tid = snapshot_marker_number(marker, "tid"),
	         what = snapshot_marker_word(builder, marker, "what");

	if (marker_get(marker, "signal").ptr) {
		uint32_t signal = take_signal(builder, marker);

		*crash = (struct snapshot_crash){
			.signal = signal,
			.what = signal && !crash->signal ? crash->what : 0,
			.ended = snapshot_marker_number(marker, "ended"),
			.number = snapshot_marker_number(marker, "number"),
			.thread = SNAPSHOT_NONE,
		};
		builder->crash_begun = true;
	}
	if (what && !crash->what) {
		crash->what = what;
		builder->crash_begun = true;
	}
	if (tid && !crash->tid && !crash->number)
		crash->tid = tid;
	if (crash->what && marker_get(marker, "more").ptr)
		add_to_message(builder, marker);
}

static const struct snapshot_taker takers[] = {
	{ MARKER_CRASH, take_crash },
};

bool crash_markers_take(struct snapshot_builder *builder, const struct marker *marker)
{
	return snapshot_marker_take(takers, sizeof(takers) / sizeof(takers[0]), builder, marker);
}

void crash_markers_begin(struct snapshot_builder *builder, size_t thread)
{
	if (!builder->crash_begun)
		return;
	builder->crash.thread = thread;
	builder->snapshot->crash = builder->crash;
	builder->crash_begun = false;
}

void crash_markers_finish(struct snapshot_builder *builder)
{
	struct snapshot_crash *crash = &builder->snapshot->crash;

	if (!crash->signal && builder->crash.signal)
		*crash = builder->crash;
	if (!crash->what)
		crash->what = builder->crash.what;
}
