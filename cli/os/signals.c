#include "cli/os/signals.h"

#include <errno.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const struct sigaction ignore = { .sa_handler = SIG_IGN }, dfl = { .sa_handler = SIG_DFL };

/* The signals by which a failed write kills a process, with their old actions. */
static struct {
	int number;
	bool changed;
	struct sigaction before;
} write_signals[] = { { .number = SIGPIPE }, { .number = SIGXFSZ } };

#define WRITE_SIGNAL_COUNT (sizeof(write_signals) / sizeof(*write_signals))

void signals_ignore_sigpipe_sigxfsz(void)
{
	for (size_t i = 0; i < WRITE_SIGNAL_COUNT; i++)
		write_signals[i].changed =
		        !sigaction(write_signals[i].number, &ignore, &write_signals[i].before);
}

static void add_unless_ignored(sigset_t *set, int number)
{
	struct sigaction now;

	if (sigaction(number, NULL, &now) || now.sa_handler != SIG_IGN)
		sigaddset(set, number);
}

static void add_all_signals(sigset_t *set)
{
	static const int numbers[] = { SIGINT,   SIGTERM,   SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM,
		                       SIGPROF,  SIGVTALRM, SIGPOLL, SIGPWR,  SIGURG,  SIGCONT,
		                       SIGWINCH, SIGTSTP,   SIGTTIN, SIGTTOU };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		add_unless_ignored(set, numbers[i]);
	for (int n = SIGRTMIN; n <= SIGRTMAX; n++)
		add_unless_ignored(set, n);
}

bool signals_init(struct signals *signals, bool all, struct error *err)
{
	sigset_t set;

	*signals = (struct signals){ .fd = -1 };
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	add_unless_ignored(&set, SIGHUP);
	if (all) {
		add_all_signals(&set);
	} else {
		sigaddset(&set, SIGINT);
		sigaddset(&set, SIGTERM);
	}
	signals->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals->fd < 0)
		return error_set(err, ERROR_FAILED, "cannot watch for signals: %s",
		                 strerror(errno));
	sigprocmask(SIG_BLOCK, &set, &signals->before);
	sigaction(SIGPIPE, &ignore, &signals->pipe_before);
	/* If SIGCHLD is ignored, waitpid finds no exited children. */
	sigaction(SIGCHLD, &dfl, &signals->child_before);
	return true;
}

int signals_next(struct signals *signals)
{
	struct signalfd_siginfo info;
	ssize_t len;

	do
		len = read(signals->fd, &info, sizeof(info));
	while (len < 0 && errno == EINTR);
	if (len != (ssize_t)sizeof(info))
		return 0;
	signals->hung_up |= info.ssi_signo == SIGHUP;
	signals->from_kernel = info.ssi_code == SI_KERNEL;
	return (int)info.ssi_signo;
}

void signals_deinit(struct signals *signals)
{
	if (signals->fd < 0)
		return;
	while (signals_next(signals))
		;
	close(signals->fd);
	if (signals->hung_up) /* a terminal that closes may send it twice */
		sigaction(SIGHUP, &ignore, NULL);
	sigaction(SIGPIPE, &signals->pipe_before, NULL);
	sigaction(SIGCHLD, &signals->child_before, NULL);
	sigprocmask(SIG_SETMASK, &signals->before, NULL);
	signals->fd = -1;
}

void signals_child(void)
{
	sigset_t set;

	for (int n = 1; n < NSIG; n++)
		sigaction(n, &dfl, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_SETMASK, &set, NULL);
}

void signals_program(const struct signals *signals)
{
	for (size_t i = 0; i < WRITE_SIGNAL_COUNT; i++)
		if (write_signals[i].changed)
			sigaction(write_signals[i].number, &write_signals[i].before, NULL);
	sigaction(SIGCHLD, &signals->child_before, NULL);
	sigprocmask(SIG_SETMASK, &signals->before, NULL);
}
