/* marker: the lines that pmp itself adds to gdb's text. One line each:
 *
 *	~pmp VERB key=value key=value ...
 *
 * Values contain no blanks and no control characters: these bytes and '%' are written as %XX. A key
 * may occur more than once (arg=). Unknown verbs and keys are skipped, so that later versions can
 * add some.
 *
 * In the order in which a recording has them:
 *
 *	run version=1 started=2026-11-22T10:25:03Z rate=10 samples=200 attach=seize host=box1
 *	target pid=4711 executable=/usr/bin/python3.11 arg=python3 arg=spin.py
 *	python pid=4711 version=3.11.2	the interpreter of this process
 *	ruby pid=4711 version=3.1.2	the same, if it is a Ruby
 *	maps pid=4711		discards the mappings of this process
 *	map pid=4711 start=0x.. end=0x.. offset=0x.. path=/usr/bin/python3.11	an executable one
 *	module pid=4711 path=/usr/bin/python3.11 build_id=12ab.. python=1 base=0x400000
 *		a mapped file. build_id: NT_GNU_BUILD_ID, if it has one; python: it contains CPython
 *		or uses its C functions; base: addresses of its code, as in its symbol table, minus
 *		their offsets in the file (modulo 2^64), 0 if missing
 *	attached pid=4711 pause_us=8100	an attach outside of the samples, and its pause
 *		(only in recordings of older versions)
 *	begin sample=17 pid=4711 time_us=1700000	time since the start of the run
 *	    Thread 1 (LWP 4711 "python3"):	gdb's text
 *	state code=R cpu_us=1834000	the thread of the last header
 *		cpu_us: its CPU time since its start (schedstat), so that a worker need not know the
 *		samples of another one. Also a key of `lost` and `kernel`
 *	doing what=waits%20for%20the%20GIL	its interpreter; becomes a marker frame, the leaf
 *	    #0  0x... in inner () from ...
 *	      File "/srv/spin.py", line 14, in inner	a Python frame that #0 runs
 *	code first_line=13 language=ruby	the last Python frame; language: if it is Ruby's
 *	more frames=30000 python=1	frames in the middle of a deep stack that are left out here;
 *		python=1: Python frames of the last native frame
 *	lost tid=4712 name=worker-1 why=..	a thread of this sample without a stack
 *	kernel tid=4713 name=worker-2 state=D wchan=io_schedule syscall=74
 *		frame=io_schedule%2B0x46/0x80 frame=..
 *		a thread of this sample in uninterruptible sleep: its kernel stack, as far as
 *		/proc/PID/task/TID shows it. Frames are leaf first, as in `stack`; wchan and frames
 *		may be missing; syscall: a number of x86-64, or a name
 *	end sample=17 pid=4711 pause_us=430	the longest pause of any thread in this sample
 *	late sample=18 pid=4711	the sample began more than half a period after its time
 *	failed sample=19 pid=4711 time_us=.. why=.. tid=4711 tid=4712
 *		no sample: one lost stack for each thread
 *	note pid=4711 text=..	one line for the user (e.g. unknown version of Python)
 *	stop seconds=19.9 stopped_us=123400	the end of the run
 *		stopped_us: time for which the targets were stopped
 *
 * Additions of `pmp dump`, for snapshot.h; profiles skip them. Facts of /proc come before `begin`:
 *
 *	process pid=4711 ppid=1 name=python3 state=S tracer=0 tracer_name=.. signal=19
 *		title=.. command=.. hop=1 cpu_us=.. age_us=..
 *		title: what the program has written over its arguments; command: the script of an
 *		interpreter and its subcommand ("celery worker")
 *		hop: it is not sampled, but a process of the dump waits for it
 *		signal: the one that stopped the process, if it is known
 *		cpu_us: CPU time of the process since its start, age_us ago; threads that have
 *		ended count, children do not
 *		of a core file: core=1 signal=11 signal_tid=4712 fault=0x0 (the signal that ended
 *		the process, its thread, the address)
 *	thread pid=4711 tid=4712 name=worker-1 state=S cpu_us=.. runs=.. wchan=futex_wait_queue
 *		syscall=202 arg=0x.. (six, in order) frame=.. (kernel frames, leaf first)
 *		call=futex(0x..,%20FUTEX_WAIT,%202) class=CLASS fd=7 (each that it waits for)
 *		left_us=.. (until its timeout; missing: no timeout)
 *		left_is_most=1 (less may be left, as after a stop)
 *		wait_pid=4720 (waits for this child)
 *		object=on%20nfs4%20box:/srv%20at%20/mnt (what it waits for, in words)
 *		runs: how often it was given a CPU since its start
 *		recent_us=.. ready_us=.. window_us=..	its CPU time, and the time for which it
 *		was ready and had no CPU, in the window before the first stop. Also in a line of
 *		its own, with pid and tid only
 *		CLASS: running futex read write accept connect poll sleep child file_lock signal
 *		ipc file other
 *	fd pid=4711 fd=7 kind=KIND path=.. end=read|write local=.. remote=.. state=ESTABLISHED
 *		accepted=1 (a client's connection to a listening socket)
 *		recv_queue=0 send_queue=0 peer=4715 peer_name=.. peer_state=S (pipe or socket: a
 *		process with the other end; several) holder=4716 holder_name=.. holder_state=S
 *		(owner of a lock on the file)
 *		KIND: file directory device pipe tcp udp unix netlink epoll eventfd timerfd signalfd
 *		inotify pidfd other
 *	child pid=4720 ppid=4711 state=Z name=sh
 *
 * and facts from the target's memory, in the sample:
 *
 *	waits kind=KIND on=0x.. word=0x.. type=recursive owner=4713 candidate=4714 why=..
 *		gone=4703 gone_pid=4701
 *		what the thread of the last header waits for. on: address of the lock (or joined
 *		thread); word: the futex; owner: the tid that the lock stores; candidate: a thread
 *		that may be the owner, because of `why`, or the thread itself; type: words in
 *		brackets behind the object. All of them may be missing.
 *		owner_pid=4720: the owner is a thread of this other process
 *		gone=4703: the lock records an owner that is no thread of this process (0: its tid
 *		is unknown); gone_pid=4701: the parent, from which the lock was inherited over fork
 *		KIND: mutex rwlock condition semaphore barrier join (C) lock rlock python_condition
 *		event queue python_semaphore python_barrier import pymutex gil (Python) futex
 *		(unknown) process_lock (multiprocessing's) future (the result of an item; owner:
 *		the thread that runs the item, candidate: each worker of the pool that could)
 *		sleep read (what the interpreter's system
 *		call is for)
 *	local frame=0 name=key value=%22user:1%22 argument=1
 *		a variable of a Python frame of the thread of the last header; frame: from the leaf
 *	gil pid=4711 tid=4713	the owner of the GIL (no tid: none)
 *	task id=0x.. name=Task-1 kind=KIND tid=4711 state=pending|running waits=0x..
 *		on=task|future|sleep|lock|.. thread=4714 left_us=.. busy_us=.. setter=gone
 *		a task whose loop (or hub) runs in thread tid. KIND: asyncio (if it is missing),
 *		callback (one that the loop runs), greenlet. running: the thread runs it now.
 *		waits: the tasks that it waits for, or that may hold the lock; thread: the tid that
 *		runs what it waits for; left_us: until its sleep or its time limit ends; busy_us:
 *		for how long the loop has handled no event; setter=gone: nothing alive can wake it
 *	await name=fetch file=/srv/a.py line=12	a coroutine of the last task, innermost first
 *	runtime pid=4711 name=NAME count=2014
 *		a runtime whose own frames are not read; count: of its own threads, if known
 *		NAME: java go dotnet beam pypy php node
 *	unread what=.. why=..	facts that could not be read
 *
 * The parser itself makes these of what a text says (printed_lock.h, crash_line.h):
 *
 *	lock on=0x.. name=mu owner=4713 tid=4712	somebody had gdb print a lock
 *		on, name: one of them may be missing; name: an expression, or a member's name;
 *		owner: the tid that the lock stores; missing: only the address of `name` is told;
 *		tid: the thread that was selected
 *	crash signal=SIGSEGV ended=1 number=3 what=..	why the process stopped or ended
 *		signal: missing if only a message tells of it (what); ended: the signal has ended
 *		it; number: gdb's number of the thread
 *	crash tid=4712		the thread of the last `crash`
 */
#ifndef PMP_MARKER_H
#define PMP_MARKER_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/base/buf.h"
#include "merger/base/span.h"

#define MARKER_PREFIX "~pmp "

enum marker_verb {
	MARKER_UNKNOWN,
	MARKER_RUN,
	MARKER_TARGET,
	MARKER_PYTHON,
	MARKER_RUBY,
	MARKER_MAPS,
	MARKER_MAP,
	MARKER_MODULE,
	MARKER_ATTACHED,
	MARKER_BEGIN,
	MARKER_STATE,
	MARKER_DOING,
	MARKER_CODE,
	MARKER_MORE,
	MARKER_LOST,
	MARKER_KERNEL,
	MARKER_END,
	MARKER_LATE,
	MARKER_FAILED,
	MARKER_NOTE,
	MARKER_STOP,
	MARKER_PROCESS,
	MARKER_THREAD,
	MARKER_FD,
	MARKER_CHILD,
	MARKER_WAITS,
	MARKER_LOCAL,
	MARKER_GIL,
	MARKER_TASK,
	MARKER_AWAIT,
	MARKER_RUNTIME,
	MARKER_UNREAD,
	MARKER_LOCK,
	MARKER_CRASH,
};

struct marker {
	enum marker_verb verb;
	struct span pairs; /* the rest of the line, still %-encoded */
};

/* True if line (without its newline) is a marker; fills *ret. */
bool marker_parse(struct span line, struct marker *ret);

/* Reads the pairs one by one: *pos is 0 at first. False at the end. Values are still encoded. */
bool marker_next(const struct marker *marker, size_t *pos, struct span *key, struct span *value);
/* The first value of key; an empty span with ptr NULL if there is none. */
struct span marker_get(const struct marker *marker, const char *key);
/* A number, decimal or 0x hexadecimal; dflt if it is missing, not a number, or overflows. */
uint64_t marker_number(const struct marker *marker, const char *key, uint64_t dflt);
/* The numbers of all pairs with this key, in order, MARKER_NUMBERS_MAX at most; the caller frees
 * *ret. */
#define MARKER_NUMBERS_MAX 4096
size_t marker_numbers(const struct marker *marker, const char *key, uint64_t **ret);
/* A decimal fraction; dflt if it is missing or not a finite number. */
/* A decimal fraction; dflt if it is missing or not a finite number. */
double marker_real(const struct marker *marker, const char *key, double dflt);
/* Decodes %XX into out, which is cleared first; returns the span of out. An invalid %-sequence is
 * kept as it is. */
struct span marker_decode(struct span value, struct buf *out);

/* Write a marker: open writes "~pmp VERB", add a pair, close the newline. */
void marker_open(struct buf *out, const char *verb);
void marker_add(struct buf *out, const char *key, struct span value); /* encodes value */
void marker_addf(struct buf *out, const char *key, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
void marker_close(struct buf *out);
/* Writes a complete `unread` marker. */
void marker_unread(struct buf *out, const char *what, const char *why);

#endif
