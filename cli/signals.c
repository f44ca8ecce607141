#include "signals.h"

#include <errno.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const struct sigaction ignore = { .sa_handler = SIG_IGN };

bool signals_init(struct signals *signals, struct error *err)
{
	struct sigaction hangup;
	sigset_t set;

	*signals = (struct signals){ .fd = -1 };
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGCHLD);
	if (sigaction(SIGHUP, NULL, &hangup) || hangup.sa_handler != SIG_IGN)
		sigaddset(&set, SIGHUP);
	signals->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals->fd < 0)
		return error_set(err, ERROR_FAILED, "cannot watch for signals: %s",
		                 strerror(errno));
	sigprocmask(SIG_BLOCK, &set, &signals->before);
	sigaction(SIGPIPE, &ignore, &signals->pipe_before);
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
	return (int)info.ssi_signo;
}

void signals_deinit(struct signals *signals)
{
	if (signals->fd < 0)
		return;
	while (signals_next(signals))
		;
	close(signals->fd);
	if (signals->hung_up) /* a terminal that closes may say so twice */
		sigaction(SIGHUP, &ignore, NULL);
	sigaction(SIGPIPE, &signals->pipe_before, NULL);
	sigprocmask(SIG_SETMASK, &signals->before, NULL);
	signals->fd = -1;
}

void signals_child(void)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t set;

	for (int n = 1; n < NSIG; n++)
		sigaction(n, &dfl, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_SETMASK, &set, NULL);
}
