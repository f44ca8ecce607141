"""Ruby's versions as data: the offsets of the structures that pmp reads, in bytes, for x86-64, and
words for formats.

Source: ruby_layout_probe.c, compiled against the sources of the release named above each layout. A
layout has the values that differ from the one before.

    strings     where an embedded String has its length: "bits" of its flags, or "length"
    lines       the form of a first line: "fixnum" or "int"
    gvl.*       the ractor's lock: its owner, the list of the threads that wait for it
    thread.queue_node   a thread's place in that list
    thread.native       the rb_native_thread that has its pthread_self (from 3.2 on)

A version without a row gets native stacks and a note.
"""

# Ruby 3.0.7
_RUBY_3_0 = {
    "strings": "bits",
    "lines": "fixnum",
    "vm.ractors": 8,
    "ractor.node": 568,
    "ractor.threads": 304,
    "gvl.owner": 336,
    "gvl.queue": 384,
    "thread.node": 0,
    "thread.context": 40,
    "thread.ident": 80,
    "thread.queue_node": 96,
    "thread.locking_mutex": 256,
    "context.fiber": 48,
    "frame.pc": 0,
    "frame.iseq": 16,
    "frame.self": 24,
    "frame.ep": 32,
    "frame.size": 56,
    "iseq.body": 16,
    "body.size": 4,
    "body.encoded": 8,
    "body.path": 64,
    "body.label": 80,
    "body.first_line": 88,
    "body.lines": 120,
    "body.lines_count": 136,
    "body.lines_index": 144,
    "line.size": 8,
    "method.called_id": 24,
}
# Ruby 3.1.2
_RUBY_3_1 = dict(_RUBY_3_0, **{
    "thread.queue_node": 104,
    "thread.locking_mutex": 264,
    "context.fiber": 40,
    "frame.size": 64,
    "line.size": 12,
})
# Ruby 3.2.8
_RUBY_3_2 = dict(_RUBY_3_1, **{
    "strings": "length",
    "lines": "int",
    "thread.context": 48,
    "thread.native": 40,
    "thread.ident": 8,
    "thread.queue_node": 56,
    "thread.locking_mutex": 216,
    "body.lines": 112,
    "body.lines_count": 128,
    "body.lines_index": 136,
})
# Ruby 3.3.8
_RUBY_3_3 = dict(_RUBY_3_2, **{
    "ractor.node": 432,
    "ractor.threads": 256,
    "gvl.owner": 328,
    "gvl.queue": 344,
    "thread.ident": 16,
    "thread.queue_node": 72,
    "thread.locking_mutex": 344,
    "frame.size": 56,
})
# Ruby 3.4.2 has the structures of 3.3.
LAYOUTS = {
    (3, 0): _RUBY_3_0, (3, 1): _RUBY_3_1, (3, 2): _RUBY_3_2, (3, 3): _RUBY_3_3, (3, 4): _RUBY_3_3,
}
