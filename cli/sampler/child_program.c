#include "cli/sampler/child_program.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/os/clock.h"
#include "cli/proc/ptrace_access.h"
#include "merger/base/printable.h"
#include "cli/proc/process.h"

#define HOLD_TRIES 10000   /* of 100 us */
#define STOP_US 5000000    /* how long pmp waits for the program to stop */
#define STOP_AGAIN_US 5000 /* between two checks of that */

/* Two pipes between pmp and the child before exec. */
struct gate {
	int go[2];  /* to the child. A byte: call exec; end of file: exit */
	int why[2]; /* from the child: errno, if exec failed */
};

static void close_gate(struct gate *gate)
{
	int *fds[] = { &gate->go[0], &gate->go[1], &gate->why[0], &gate->why[1] };

	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

static bool open_gate(struct gate *gate)
{
	*gate = (struct gate){ { -1, -1 }, { -1, -1 } };
	if (!pipe2(gate->go, O_CLOEXEC) && !pipe2(gate->why, O_CLOEXEC))
		return true;
	close_gate(gate);
	return false;
}

static _Noreturn void exec_child(struct gate *gate, pid_t pmp, const char *const *argv,
                                 const struct signals *signals)
{
	char go;
	int why;

	close(gate->go[1]);
	close(gate->why[0]);
	/* With Yama's ptrace_scope 1 only ancestors may trace a process. This permits it to pmp's
	 * gdbs, too, and survives exec. */
	prctl(PR_SET_PTRACER, pmp);
	signals_program(signals);
	while (read(gate->go[0], &go, 1) < 0 && errno == EINTR)
		;
	if (go == 'g')
		execvp(argv[0], (char *const *)argv);
	why = errno;
	if (write(gate->why[1], &why, sizeof(why)) < 0)
		_exit(1);
	_exit(CHILD_PROGRAM_NOT_FOUND);
}

/* Waits until the program is at its first instruction. false: it has ended. */
static bool follow_to_exec(struct child_program *program)
{
	for (;;) {
		int event, number;

		if (waitpid(program->pid, &program->status, __WALL) < 0) {
			if (errno == EINTR)
				continue;
			program->ended = true;
			return false;
		}
		if (!WIFSTOPPED(program->status)) {
			program->ended = true;
			return false;
		}
		event = program->status >> 16;
		number = WSTOPSIG(program->status);
		if (event == PTRACE_EVENT_EXEC)
			return true;
		ptrace(PTRACE_CONT, program->pid, NULL, event ? 0L : (long)number);
	}
}

/* Replaces pmp's ptrace stop by a normal stop, to which any tracer can attach. */
static void hold_program(struct child_program *program)
{
	pid_t found = 0;

	kill(program->pid, SIGSTOP);
	ptrace(PTRACE_DETACH, program->pid, NULL, NULL);
	/* If another process sends SIGCONT now, the program is not held: it runs. */
	for (int i = 0; i < HOLD_TRIES && !found; i++) {
		found = waitpid(program->pid, &program->status, WUNTRACED | WNOHANG);
		if (!found)
			usleep(100);
	}
	program->ended = found && !WIFSTOPPED(program->status);
}

static bool explain_exec_error(const char *name, int why, struct error *err)
{
	bool missing = why == ENOENT || why == ENOTDIR;
	bool has_path = strchr(name, '/') != NULL;
	struct printable printable;

	printable_name(&printable, name);
	if (missing && has_path && !access(name, F_OK))
		return error_set(err, (enum error_code)CHILD_PROGRAM_NOT_RUN,
		                 "cannot run %s: the interpreter that it names is not there",
		                 printable.text);
	if (missing)
		return error_set(err, (enum error_code)CHILD_PROGRAM_NOT_FOUND,
		                 "cannot run %s: %s; check its name", printable.text,
		                 has_path ? "no such file" : "it is not found on PATH");
	return error_set(err, (enum error_code)CHILD_PROGRAM_NOT_RUN, "cannot run %s: %s",
	                 printable.text, strerror(why));
}

static bool explain_early_end(const struct child_program *program, int why_fd, const char *name,
                              struct error *err)
{
	int why = 0;

	if (read(why_fd, &why, sizeof(why)) == sizeof(why))
		return explain_exec_error(name, why, err);
	return error_set(err, (enum error_code)child_program_exit_code(program),
	                 "%s ended before its first instruction", name);
}

static bool start_traced(struct child_program *program, struct gate *gate, const char *name,
                         const struct watchdog *watchdog, struct error *err)
{
	struct process_stat stat;

	close(gate->go[0]);
	close(gate->why[1]);
	gate->go[0] = gate->why[1] = -1;
	if (ptrace(PTRACE_SEIZE, program->pid, NULL, PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL))
		return ptrace_access_attach((uint32_t)program->pid, strerror(errno), err);
	if (write(gate->go[1], "g", 1) != 1 || !follow_to_exec(program))
		return explain_early_end(program, gate->why[0], name, err);
	if (process_stat((uint32_t)program->pid, 0, &stat))
		watchdog_watch(watchdog, (uint32_t)program->pid, stat.starttime, false, 0);
	hold_program(program);
	return !program->ended || explain_early_end(program, gate->why[0], name, err);
}

bool child_program_start(struct child_program *program, const char *const *argv,
                         const struct signals *signals, const struct watchdog *watchdog,
                         struct error *err)
{
	pid_t pmp = getpid();
	struct gate gate;
	bool ok;

	*program = (struct child_program){ 0 };
	if (!open_gate(&gate) || (program->pid = fork()) < 0) {
		error_set(err, ERROR_FAILED, "cannot start %s: %s", argv[0], strerror(errno));
		program->pid = 0;
		close_gate(&gate);
		return false;
	}
	if (program->pid == 0)
		exec_child(&gate, pmp, argv, signals);
	ok = start_traced(program, &gate, argv[0], watchdog, err);
	close_gate(&gate);
	return ok;
}

void child_program_release(struct child_program *program)
{
	program->released = true;
	kill(program->pid, SIGCONT);
}

bool child_program_has_ended(struct child_program *program)
{
	pid_t ended;

	if (program->ended)
		return true;
	do
		ended = waitpid(program->pid, &program->status, WNOHANG);
	while (ended < 0 && errno == EINTR);
	program->ended = ended != 0;
	return program->ended;
}

/* Stops pmp by the signal's default action, which the kernel omits in an orphaned process group. */
static void stop_self(int number)
{
	struct sigaction before, dfl = { .sa_handler = SIG_DFL };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	sigaction(number, &dfl, &before);
	raise(number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigaction(number, &before, NULL);
}

static bool is_stopped(const struct child_program *program)
{
	struct process_stat stat;

	return program->released && process_stat((uint32_t)program->pid, 0, &stat) &&
	       stat.state == 'T';
}

bool child_program_forward_signal(struct child_program *program, int number, bool from_kernel)
{
	/* A SIGCONT for the whole job has reached the program already. */
	if (!from_kernel && !child_program_has_ended(program) &&
	    (number != SIGCONT || is_stopped(program)))
		kill(program->pid, number);
	switch (number) {
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
		program->stop = number;
		program->stop_us = clock_now_us() + STOP_US;
		return false;
	case SIGINT:
		return from_kernel && program->interrupts++;
	default:
		return false;
	}
}

/* true: the program neither ignores nor handles the signal. */
static bool would_stop(const struct child_program *program, int number)
{
	struct process_status status;

	return process_status((uint32_t)program->pid, 0, &status) &&
	       !(status.taken >> (number - 1) & 1);
}

uint64_t child_program_follow_stop(struct child_program *program, uint64_t now)
{
	int number = program->stop;

	if (!number)
		return CLOCK_NEVER;
	if (program->released && now < program->stop_us && !child_program_has_ended(program) &&
	    !is_stopped(program) && would_stop(program, number))
		return now + STOP_AGAIN_US;
	program->stop = 0;
	stop_self(number);
	return CLOCK_NEVER;
}

int child_program_exit_code(const struct child_program *program)
{
	return WIFSIGNALED(program->status) ? 128 + WTERMSIG(program->status)
	                                    : WEXITSTATUS(program->status);
}

void child_program_deinit(struct child_program *program)
{
	if (!program->pid || program->ended || program->released)
		return;
	kill(program->pid, SIGKILL);
	while (waitpid(program->pid, &program->status, 0) < 0 && errno == EINTR)
		;
	program->ended = true;
}
