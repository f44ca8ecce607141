/* A C program that embeds Python, as uWSGI or an editor does: `embed LIBPYTHON PROGRAM ARG...`.
 *
 * `embed LIBPYTHON:MAPPED:STARTED PROGRAM ARG...` loads two more copies of Python first: MAPPED is
 * only loaded; STARTED is loaded into its own linker namespace and initialised, and runs nothing.
 *
 * With EMBED_WAIT=SECONDS in the environment it prints `ready PID` and waits that long before it
 * initialises Python.
 *
 * libpython is loaded at run time by its path. So one program works with every Python version, and
 * its build needs no Python. PROGRAM is run by `text`, below PyRun_SimpleString, not by Py_Main. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char text[] = "import os, sys\n"
                           "sys.argv = os.environ['EMBED_ARGV'].split('\\n')\n"
                           "__file__ = sys.argv[0]\n"
                           "exec(compile(open(__file__).read(), __file__, 'exec'))\n";

static void *check_loaded(void *found)
{
	if (!found) {
		fprintf(stderr, "embed: %s\n", dlerror());
		exit(2);
	}
	return found;
}

static void *find_symbol(void *library, const char *name)
{
	return check_loaded(dlsym(library, name));
}

static void pass_args(char **args)
{
	static char joined[8192];

	for (; *args; args++) {
		if (strlen(joined) + strlen(*args) + 2 > sizeof(joined))
			exit(2);
		if (*joined)
			strcat(joined, "\n");
		strcat(joined, *args);
	}
	setenv("EMBED_ARGV", joined, 1);
}

static void load_others(char *mapped, char *started)
{
	if (mapped)
		check_loaded(dlopen(mapped, RTLD_NOW | RTLD_LOCAL));
	if (started)
		((void (*)(int))find_symbol(check_loaded(dlmopen(LM_ID_NEWLM, started, RTLD_NOW)),
		                            "Py_InitializeEx"))(0);
}

static void wait_before_init(void)
{
	const char *seconds = getenv("EMBED_WAIT");

	if (seconds) {
		printf("ready %d\n", (int)getpid());
		fflush(stdout);
		sleep((unsigned)atoi(seconds));
	}
}

int main(int argc, char **argv)
{
	char *path, *mapped;
	void *library;

	if (argc < 3) {
		fprintf(stderr, "embed LIBPYTHON[:MAPPED[:STARTED]] PROGRAM ARG...\n");
		return 2;
	}
	path = strtok(argv[1], ":");
	mapped = strtok(NULL, ":");
	load_others(mapped, strtok(NULL, ":"));
	library = check_loaded(dlopen(path, RTLD_NOW | RTLD_GLOBAL));
	pass_args(argv + 2);
	wait_before_init();
	((void (*)(void))find_symbol(library, "Py_Initialize"))();
	((int (*)(const char *, void *))find_symbol(library, "PyRun_SimpleStringFlags"))(text,
	                                                                                 NULL);
	((void (*)(void))find_symbol(library, "Py_Finalize"))();
	return 0;
}
