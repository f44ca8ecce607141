/* Prints the row of ruby_layouts.py for the Ruby whose sources it is compiled against. In the build
 * folder of that Ruby, after configure and `make id.h`:
 *
 *	cc -I. -I.ext/include/x86_64-linux -I../include -I.. -I../prism -DRUBY_EXPORT -w
 *	   -o probe ruby_layout_probe.c && ./probe
 */
#include <ruby/config.h>
#include <ruby/ruby.h>
#include <ruby/version.h>
#include <vm_core.h>
#include <iseq.h>
#include <method.h>
#include <ractor_core.h>

#include <stddef.h>
#include <stdio.h>

#define FIELD(key, type, member)                                                                   \
	{                                                                                          \
		key, offsetof(type, member)                                                        \
	}
#if RUBY_API_VERSION_CODE < 30200
#define OWNER threads.gvl.owner
#define QUEUE threads.gvl.waitq
#define NODE native_thread_data.node.gvl
#else
#define OWNER threads.sched.running
#define QUEUE threads.sched.readyq
#define NODE sched.node.readyq
#endif

static const struct {
	const char *key;
	size_t offset;
} rows[] = {
	FIELD("vm.ractors", rb_vm_t, ractor.set),
	FIELD("ractor.node", rb_ractor_t, vmlr_node),
	FIELD("ractor.threads", rb_ractor_t, threads.set),
	FIELD("gvl.owner", rb_ractor_t, OWNER),
	FIELD("gvl.queue", rb_ractor_t, QUEUE),
	FIELD("thread.node", rb_thread_t, lt_node),
	FIELD("thread.context", rb_thread_t, ec),
#if RUBY_API_VERSION_CODE < 30200
	FIELD("thread.ident", rb_thread_t, thread_id),
#else
	FIELD("thread.native", rb_thread_t, nt),
	FIELD("thread.ident", struct rb_native_thread, thread_id),
#endif
	FIELD("thread.queue_node", rb_thread_t, NODE),
	FIELD("thread.locking_mutex", rb_thread_t, locking_mutex),
	FIELD("context.fiber", rb_execution_context_t, fiber_ptr),
	FIELD("frame.pc", rb_control_frame_t, pc),
	FIELD("frame.iseq", rb_control_frame_t, iseq),
	FIELD("frame.self", rb_control_frame_t, self),
	FIELD("frame.ep", rb_control_frame_t, ep),
	{ "frame.size", sizeof(rb_control_frame_t) },
	FIELD("iseq.body", rb_iseq_t, body),
	FIELD("body.size", struct rb_iseq_constant_body, iseq_size),
	FIELD("body.encoded", struct rb_iseq_constant_body, iseq_encoded),
	FIELD("body.path", struct rb_iseq_constant_body, location.pathobj),
	FIELD("body.label", struct rb_iseq_constant_body, location.label),
	FIELD("body.first_line", struct rb_iseq_constant_body, location.first_lineno),
	FIELD("body.lines", struct rb_iseq_constant_body, insns_info.body),
	FIELD("body.lines_count", struct rb_iseq_constant_body, insns_info.size),
	FIELD("body.lines_index", struct rb_iseq_constant_body, insns_info.succ_index_table),
	{ "line.size", sizeof(struct iseq_insn_info_entry) },
	FIELD("method.called_id", rb_callable_method_entry_t, called_id),
};

int main(void)
{
	printf("    # Ruby %d.%d\n    (%d, %d): {\n", RUBY_API_VERSION_MAJOR,
	       RUBY_API_VERSION_MINOR, RUBY_API_VERSION_MAJOR, RUBY_API_VERSION_MINOR);
	printf("        \"strings\": \"%s\",\n        \"lines\": \"%s\",\n",
	       RUBY_API_VERSION_CODE < 30200 ? "bits" : "length",
	       RUBY_API_VERSION_CODE < 30200 ? "fixnum" : "int");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		printf("        \"%s\": %zu,\n", rows[i].key, rows[i].offset);
	puts("    },");
	return 0;
}
