/* A detached thread with a small stack, of which a program may have thousands. */
#ifndef PMP_SMALL_THREAD_H
#define PMP_SMALL_THREAD_H

#include <pthread.h>
#include <stdbool.h>

/* false: it could not be created. */
static inline bool small_thread_start(void *(*run)(void *), void *arg)
{
	pthread_attr_t attr;
	pthread_t thread;
	bool ok;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256 << 10);
	ok = !pthread_create(&thread, &attr, run, arg);
	if (ok)
		pthread_detach(thread);
	pthread_attr_destroy(&attr);
	return ok;
}

#endif
