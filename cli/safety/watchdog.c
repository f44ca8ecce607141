#include "cli/safety/watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "merger/base/alloc.h"
#include "cli/os/clock.h"
#include "cli/safety/restore.h"

#define STEP_MS 2     /* between two steps */
#define CALM_STEPS 25 /* a stop that was pending when gdb died has taken effect by then */

/* What pmp writes to the pipe. Less than PIPE_BUF, so a note arrives whole. pid 0: the end note. */
struct watchdog_note {
	uint32_t pid;
	uint32_t was_stopped;
	pid_t gdb;
	uint64_t starttime;
};

struct watched {
	struct watchdog_note note;
	struct restore restore;
	bool untraced; /* at the last step; restore_begin was called then */
};

struct watch {
	struct watched *rows;
	size_t count, cap;
};

static void add_note(struct watch *watch, const struct watchdog_note *note)
{
	for (size_t i = 0; i < watch->count; i++)
		if (watch->rows[i].note.pid == note->pid) {
			watch->rows[i] = (struct watched){ .note = *note };
			return;
		}
	watch->rows = alloc_grow(watch->rows, &watch->cap, watch->count + 1, sizeof(*watch->rows));
	watch->rows[watch->count++] = (struct watched){ .note = *note };
}

/* Reads notes until the pipe closes. false: pmp sent its end note. */
static bool read_notes(int fd, struct watch *watch)
{
	struct watchdog_note note;
	ssize_t len;

	while ((len = read(fd, &note, sizeof(note))) > 0 || (len < 0 && errno == EINTR)) {
		if (len != sizeof(note))
			continue;
		if (!note.pid)
			return false;
		add_note(watch, &note);
	}
	return true;
}

/* true: the target is as it was. A process that traces it now is pmp's gdb, about to end. */
static bool restore_one(struct watched *watched, struct process_threads *threads)
{
	struct process_attach_state state =
	        process_attach_state(watched->note.pid, watched->note.starttime, threads);
	struct restore *restore = &watched->restore;

	if (state.life == PROCESS_ALIVE && state.tracer) {
		watched->untraced = false;
		return false;
	}
	if (!watched->untraced) {
		restore->pid = watched->note.pid;
		restore->starttime = watched->note.starttime;
		restore->was_stopped = watched->note.was_stopped;
		restore_begin(restore, true, clock_now_us());
		watched->untraced = true;
	}
	restore->first_sigcont_us = 0; /* this step's, and no limit as in restore.c */
	return restore_step(restore, NULL, 0, threads, clock_now_us()) == RESTORE_DONE &&
	       !restore->first_sigcont_us;
}

/* Kills the children of a gdb that has ended: its process group. */
static void kill_gdb_children(struct watched *watched)
{
	pid_t gdb = watched->note.gdb;

	if (gdb && process_life((uint32_t)gdb, 0) != PROCESS_ALIVE) {
		kill(-gdb, SIGKILL);
		watched->note.gdb = 0;
	}
}

static void restore_all(struct watch *watch)
{
	uint64_t start = clock_now_us();
	struct process_threads threads = { 0 };

	for (int calm = 0; calm < CALM_STEPS && clock_now_us() - start < WATCHDOG_MAX_US;) {
		calm++;
		for (size_t i = 0; i < watch->count; i++) {
			kill_gdb_children(&watch->rows[i]);
			if (!restore_one(&watch->rows[i], &threads))
				calm = 0;
		}
		poll(NULL, 0, STEP_MS);
	}
}

/* The pipe becomes descriptor 0; all others are closed. */
static void close_others(int fd)
{
	if (dup2(fd, 0) < 0)
		_exit(1);
	closefrom(1);
}

static _Noreturn void watchdog_main(int fd)
{
	struct watch watch = { 0 };
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	setsid();
	prctl(PR_SET_NAME, "pmp-guard");
	close_others(fd);
	if (chdir("/") == 0 && read_notes(0, &watch))
		restore_all(&watch);
	_exit(0);
}

bool watchdog_start(struct watchdog *watchdog, struct error *err)
{
	int ends[2];

	watchdog->fd = -1;
	if (pipe2(ends, O_CLOEXEC))
		return error_set(err, ERROR_FAILED, "no pipe to the watchdog: %s", strerror(errno));
	watchdog->pid = fork();
	if (watchdog->pid == 0)
		watchdog_main(ends[0]);
	close(ends[0]);
	if (watchdog->pid < 0) {
		close(ends[1]);
		return error_set(err, ERROR_FAILED, "no process for the watchdog: %s",
		                 strerror(errno));
	}
	watchdog->fd = ends[1];
	return true;
}

static void send_note(const struct watchdog *watchdog, const struct watchdog_note *note)
{
	while (watchdog->fd >= 0 && write(watchdog->fd, note, sizeof(*note)) < 0 && errno == EINTR)
		;
}

void watchdog_watch(const struct watchdog *watchdog, uint32_t pid, uint64_t starttime,
                    bool was_stopped, pid_t gdb)
{
	send_note(watchdog, &(struct watchdog_note){ .pid = pid,
	                                             .was_stopped = was_stopped,
	                                             .starttime = starttime,
	                                             .gdb = gdb });
}

void watchdog_end(struct watchdog *watchdog)
{
	if (watchdog->fd < 0)
		return;
	send_note(watchdog, &(struct watchdog_note){ 0 });
	close(watchdog->fd);
	watchdog->fd = -1;
	while (waitpid(watchdog->pid, NULL, 0) < 0 && errno == EINTR)
		;
}
