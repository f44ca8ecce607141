/* A C program with a Python in it, as uWSGI or an editor is one: `embed LIBPYTHON PROGRAM ARG...`.
 *
 * More copies can be in the process: `embed LIBPYTHON:MAPPED:STARTED PROGRAM ARG...` loads MAPPED and leaves it alone, and
 * loads STARTED into a namespace of its own, where it is initialised and then runs nothing. Both are loaded first.
 *
 * With EMBED_WAIT=SECONDS in the environment it says `ready PID` and waits for so long before it initialises Python.
 *
 * libpython is loaded by name, so that one program does for every version, with nothing of that version needed
 * to build it. It is not Py_Main that runs PROGRAM: text does, below PyRun_SimpleString. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char text[] = "import os, sys\n"
                           "sys.argv = os.environ['EMBED_ARGV'].split('\\n')\n"
                           "__file__ = sys.argv[0]\n"
                           "exec(compile(open(__file__).read(), __file__, 'exec'))\n";

static void *need(void *found)
{
	if (!found) {
		fprintf(stderr, "embed: %s\n", dlerror());
		exit(2);
	}
	return found;
}

static void *symbol(void *library, const char *name)
{
	return need(dlsym(library, name));
}

static void pass(char **args)
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
		need(dlopen(mapped, RTLD_NOW | RTLD_LOCAL));
	if (started)
		((void (*)(int))symbol(need(dlmopen(LM_ID_NEWLM, started, RTLD_NOW)),
		                       "Py_InitializeEx"))(0);
}

static void wait_a_while(void)
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
	library = need(dlopen(path, RTLD_NOW | RTLD_GLOBAL));
	pass(argv + 2);
	wait_a_while();
	((void (*)(void))symbol(library, "Py_Initialize"))();
	((int (*)(const char *, void *))symbol(library, "PyRun_SimpleStringFlags"))(text, NULL);
	((void (*)(void))symbol(library, "Py_Finalize"))();
	return 0;
}
