/* worker: one gdb that pmp started, and what it is doing: a state machine whose policy is a table.
 *
 * A worker is spoken to in lines of gdb's command language on its standard input; what it says comes
 * back through one pipe. With the agent (attach once, each) gdb's standard output goes to /dev/null,
 * and the agent writes to the pipe itself (as descriptor 3); gdb's standard error goes to the pipe too. Its
 * source is read from descriptor 4 (a memfd, so no file is left anywhere), once:
 *
 *	python exec(compile(open(4, "rb").read(), "<pmp>", "exec"))
 *		-> ~pmp hello gdb=13.1 python=3.11.2
 *	python pmp("warm", PID)		 reads symbols, touches nothing of the target but /proc
 *		-> ~pmp warm pid=4711
 *	python pmp("attach", PID)	 attaches, looks around, lets it run
 *		-> ~pmp attached pid=4711 pause_us=8100
 *	python pmp("sample", N, EPOCH_US)
 *		-> ~pmp begin sample=N ... text ... ~pmp end sample=N ...
 *	python pmp("detach")
 *		-> ~pmp detached pid=4711
 *	python pmp("look", PID, N, EPOCH_US)	attach, sample, detach: for --attach each; pause_us is all of it
 *		-> ~pmp begin ... ~pmp end ...
 *
 * EPOCH_US is CLOCK_MONOTONIC at the start of the run, in microseconds. Whatever fails answers with
 *
 *	~pmp error verb=attach why=ptrace:%20Operation%20not%20permitted.
 *
 * and leaves the target running. hello, warm, attached, detached and error are between worker and
 * supervisor: they are not part of the journal. When standard input closes, gdb detaches and ends.
 *
 * Without the agent (attach plain) gdb's standard output is the pipe, the commands are gdb's own
 * (attach, thread apply all bt, detach) with `echo` lines in between by which the supervisor knows where it is.
 */
#ifndef PMP_WORKER_H
#define PMP_WORKER_H

#endif
