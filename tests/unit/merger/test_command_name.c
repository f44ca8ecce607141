/* command_name: rows are contents of /proc/PID/cmdline. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "merger/base/command_name.h"

#define TEXT(words) words, sizeof(words)

static const struct {
	const char *text;
	size_t len;
	const char *title, *command;
} rows[] = {
	{ TEXT("postgres: app db [local] UPDATE waiting"),
	  "postgres: app db [local] UPDATE waiting", "" },
	{ TEXT("postgres: checkpointer           "), "postgres: checkpointer", "" },
	{ TEXT("postgres: walwriter\0\0\0\0"), "postgres: walwriter", "" },
	{ TEXT("nginx: master process /usr/sbin/nginx -c /etc/nginx.conf"),
	  "nginx: master process /usr/sbin/nginx -c /etc/nginx.conf", "" },
	{ TEXT("gunicorn: worker [app]\0-w\0004\0app:app"), "gunicorn: worker [app]", "" },
	{ TEXT("[celeryd: celery@host:ForkPoolWorker-1]\0\0"),
	  "[celeryd: celery@host:ForkPoolWorker-1]", "" },
	{ TEXT("[celeryd: celery@host:ForkPoolWorker-1] running\0\0"),
	  "[celeryd: celery@host:ForkPoolWorker-1] running", "" },
	{ TEXT("uWSGI worker 1"), "uWSGI worker 1", "" },
	{ TEXT("/opt/My App/run"), "", "" },
	{ TEXT("/opt/My App/run\0-v"), "", "" },
	{ TEXT("redis-server\0*:6379"), "", "" },
	{ TEXT("redis-server *:6379"), "redis-server *:6379", "" },
	{ TEXT("sleep\00060"), "", "" },
	{ TEXT("-bash"), "", "" },
	{ TEXT("python3\0/usr/bin/celery\0-A\0proj\0worker\0-l\0info"), "", "celery worker" },
	{ TEXT("/usr/bin/python3.11\0manage.py\0runserver\0000.0.0.0:8000"), "",
	  "manage.py runserver" },
	{ TEXT("python3\0-m\0http.server\0008000"), "", "http.server" },
	{ TEXT("python3\0-u\0-X\0dev\0/srv/app.py\0--port\0008000"), "", "app.py" },
	{ TEXT("python3\0-W\0ignore\0-c\0import x"), "", "" },
	{ TEXT("python3\0-c\0import x"), "", "" },
	{ TEXT("python3\0-c\0from multiprocessing.spawn import spawn_main; spawn_main()\0"
	       "--multiprocessing-fork"),
	  "", "multiprocessing.spawn" },
	{ TEXT("python3"), "", "" },
	{ TEXT("python3\0/srv/app.py\0--level=debug\0serve"), "", "app.py serve" },
	{ TEXT("python3\0/srv/app.py\0file.txt"), "", "app.py" },
	{ TEXT("node\0/srv/www/server.js"), "", "server.js" },
	{ TEXT("sh\0-e\0./run.sh"), "", "" },
	{ TEXT("shutdown\0now"), "", "" },
	{ TEXT(""), "", "" },
	{ "", 0, "", "" },
	{ "python3\0/srv/a.py", 17, "", "a.py" }, /* cut: no NUL at the end */
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct command_name got;

		print_message("%zu: %s\n", i, rows[i].text);
		command_name_parse((struct span){ rows[i].text, rows[i].len }, &got);
		assert_string_equal(got.title, rows[i].title);
		assert_string_equal(got.command, rows[i].command);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
