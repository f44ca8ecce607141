# pmp: `make help` lists the targets.
#
# Variables: B= build directory, CC=, CFLAGS=, SAN=address,undefined (a sanitizer build, in its own
# directory), W=1 (or CI in the environment): warnings are errors, V=1: print whole commands,
# T=NAME: only the tests with NAME in the name of the program or test, PYTHON= the python3 of
# samples and tests, PREFIX= and DESTDIR= for install.

VERSION := 0.1.0

comma := ,
SAN ?=
B ?= build$(if $(SAN),-$(subst $(comma),-,$(SAN)))
CC ?= cc
CFLAGS ?= -O3 -g
W ?= $(if $(CI),1)
T ?=
PREFIX ?= /usr/local
PYTHON ?= $(firstword $(wildcard /usr/bin/python3) python3)
INSTALL ?= install
STRIP ?= strip

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE -I. -DPMP_VERSION='"$(VERSION)"' $(WARN) $(if $(W),-Werror) \
	$(CFLAGS) $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
# The linker drops functions that are not called. The tables for unwinding are debug information of
# pmp.debug, so pmp does not have them.
SMALLER := -ffunction-sections -fdata-sections $(if $(SAN),,-fno-asynchronous-unwind-tables)
ALL_LDFLAGS = $(CFLAGS) $(if $(SAN),-fsanitize=$(SAN)) $(LDFLAGS)
# libyaml: profiles. zlib: packed text. protobuf-c: pprof's format.
LIBS := -lyaml -lz -lprotobuf-c -lm
# ncurses: the screen of `pmp top`, so only programs with cli/ need it.
CLI_LIBS := -lncursesw -ltinfo $(LIBS)
PROTOC_C ?= protoc-c

cli_src := $(wildcard cli/*.c cli/*/*.c)
merger_src := $(wildcard merger/*/*.c)
cli_obj := $(patsubst %.c,$(B)/%.o,$(filter-out cli/main.c,$(cli_src))) \
	$(B)/gen/agent.o $(B)/gen/texts.o
merger_obj := $(merger_src:%.c=$(B)/%.o) $(B)/gen/pprof.pb-c.o $(B)/gen/flame_graph_assets.o
unit_src := $(wildcard tests/unit/*/*.c)
unit := $(patsubst %.c,$(B)/%,$(unit_src))
helpers := $(patsubst %.c,$(B)/%,$(wildcard tests/harness/programs/*.c))
# Sorts by the base name, without the folder. The bundle has this order, and test_build checks it.
by_name = $(foreach f,$(sort $(foreach f,$(1),$(notdir $f):$f)),$(lastword $(subst :, ,$f)))
agent_py := gdbscripts/loader.py $(call by_name,$(wildcard gdbscripts/*/*.py)) \
	gdbscripts/agent.py
samples := $(B)/samples/spinext.so $(B)/samples/work $(B)/samples/work-stripped \
	$(patsubst samples/hang/%.c,$(B)/samples/%,$(wildcard samples/hang/*.c))
c_files := $(foreach depth,* */* */*/*, \
	$(wildcard $(addsuffix /$(depth).[ch],cli merger samples tests)))

# V=1 prints whole commands.
V ?=
Q := $(if $(V),,@)
step = $(if $(V),,@printf '  %-6s %s\n' $(1) $@)

.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:

all: $(B)/pmp ## build the program: build/pmp, one static binary

$(B)/pmp: $(B)/pmp.debug
	$(call step,STRIP)
	$(Q)$(if $(SAN),cp $< $@,$(STRIP) -o $@ $<)

# The binary is static, so that it runs on any machine. A sanitizer's run-time library cannot be
# linked statically, and valgrind needs DYNAMIC=1.
DYNAMIC ?= $(SAN)
$(B)/pmp.debug: $(B)/cli/main.o $(B)/cli.a $(B)/merger.a
	$(call step,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) $(if $(DYNAMIC),,-static -Wl,--gc-sections) -o $@ $^ $(CLI_LIBS)

# A pmp in which system calls fail on request, for the tests (see tests/harness/faults/faults.c).
# Calls by libraries fail as well, if the libraries are linked statically. A dynamic program cannot
# have libm so.
wrapped := $(shell sed -n 's/^WRAP.[^,]*, *\([a-z_0-9]*\),.*/\1/p' tests/harness/faults/faults.c)
$(B)/pmp-faulty: $(B)/cli/main.o $(B)/tests/harness/faults/faults.o $(B)/cli.a $(B)/merger.a
	$(call step,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) $(if $(DYNAMIC),,-static -Wl,--gc-sections) \
		$(wrapped:%=-Wl,--wrap=%) -o $@ $^ -Wl,-Bstatic $(filter-out -lm,$(CLI_LIBS)) \
		$(if $(DYNAMIC),-Wl$(comma)-Bdynamic) -lm

# COVERAGE=1: gcov's counters are written at _exit as well.
ifneq ($(COVERAGE),)
ALL_CFLAGS += --coverage
ALL_LDFLAGS += --coverage
$(B)/pmp.debug $(B)/pmp-faulty: LDFLAGS += -Wl,--wrap=_exit
$(B)/pmp.debug $(B)/pmp-faulty: $(B)/tests/harness/faults/flush.o
endif

$(B)/cli.a: $(cli_obj)
$(B)/merger.a: $(merger_obj)
$(B)/cli.a $(B)/merger.a:
	$(call step,AR)
	$(Q)rm -f $@ && ar rcs $@ $^

# Optimise for size where the benchmarks measure no speed: commands, screens, texts for users, and
# what only pasted text needs.
pasted := crash_line debugger_lines frame_order gdb_noise gdb_stop held_lines line_anchor \
	line_joiner line_markup line_prefix page_break printed_lock quoted_text runtime_lines text_look \
	tool_lines tool_parts
$(B)/merger/base/%.o $(B)/merger/build/%.o: private CFLAGS := $(CFLAGS:-O3=-O2)
$(B)/cli/%.o $(B)/merger/diagnosis/%.o $(B)/merger/formats/%.o $(B)/merger/profile/%.o \
$(B)/merger/stats/%.o $(B)/merger/text/%.o $(B)/merger/transform/%.o: private CFLAGS := \
	$(CFLAGS:-O3=-Os)
$(B)/merger/formats/collapsed.o $(B)/merger/profile/frame_table.o $(B)/merger/profile/stack_cache.o \
$(B)/merger/profile/tree.o: private CFLAGS := $(CFLAGS:-O3=-O2)
$(pasted:%=$(B)/merger/parse/%.o): private CFLAGS := $(CFLAGS:-O3=-Os)

$(B)/%.o: %.c $(B)/flags
	$(call step,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(SMALLER) -MMD -MP -c -o $@ $<

$(B)/gen/agent.o: $(B)/gen/agent.c $(B)/flags
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

# C code for pprof's messages.
$(B)/merger/formats/pprof.o $(B)/tests/fuzz/oracle.o: $(B)/gen/pprof.pb-c.h
$(B)/merger/formats/pprof.o $(B)/tests/fuzz/oracle.o: private ALL_CFLAGS += -I$(B)/gen
$(B)/gen/pprof.pb-c.o: $(B)/gen/pprof.pb-c.c $(B)/flags
	$(Q)$(CC) $(ALL_CFLAGS) -ffunction-sections -fdata-sections -c -o $@ $<
$(B)/gen/pprof.pb-c.h: $(B)/gen/pprof.pb-c.c
$(B)/gen/pprof.pb-c.c: merger/formats/pprof.proto
	$(call step,GEN)
	@mkdir -p $(@D)
	$(Q)$(PROTOC_C) --proto_path=merger/formats --c_out=$(@D) $<

# The bytes of a file, as elements of a C array.
to_bytes = od -An -v -tx1 $(1) | sed 's/\([0-9a-f][0-9a-f]\)/0x\1,/g'

# The style sheet and script of flame graphs.
$(B)/gen/flame_graph_assets.o: $(B)/gen/flame_graph_assets.c $(B)/flags
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<
$(B)/gen/flame_graph_assets.c: merger/formats/flame_graph.css merger/formats/flame_graph.js
	$(call step,GEN)
	@mkdir -p $(@D)
	$(Q){ \
		printf '#include <stddef.h>\n\n'; \
		for part in css js; do \
			printf 'extern const unsigned char pmp_flame_graph_%s[];\n' $$part; \
			printf 'extern const size_t pmp_flame_graph_%s_len;\n' $$part; \
			printf 'const unsigned char pmp_flame_graph_%s[] = {\n' $$part; \
			$(call to_bytes,merger/formats/flame_graph.$$part) || exit 1; \
			printf '};\nconst size_t pmp_flame_graph_%s_len = ' $$part; \
			printf 'sizeof(pmp_flame_graph_%s);\n' $$part; \
		done; \
	} > $@

# Templates whose tables are filled in at run time, compressed. pmp.1.in is pmp_text_pmp_1_in in C,
# and so on.
texts := cli/help/pmp.1.in cli/help/completion.bash cli/help/completion.zsh cli/help/completion.fish
$(B)/gen/texts.o: $(B)/gen/texts.c $(B)/flags
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<
$(B)/gen/texts.c: $(texts)
	$(call step,GEN)
	@mkdir -p $(@D)
	$(Q){ \
		printf '#include <stddef.h>\n\n'; \
		for text in $^; do \
			name=$$(echo "$${text##*/}" | tr . _); \
			printf 'extern const unsigned char pmp_text_%s[];\n' $$name; \
			printf 'extern const size_t pmp_text_%s_len;\n' $$name; \
			printf 'const unsigned char pmp_text_%s[] = {\n' $$name; \
			gzip -9 -n -c "$$text" > $(B)/gen/text.gz && \
			$(call to_bytes,$(B)/gen/text.gz) || exit 1; \
			printf '};\nconst size_t pmp_text_%s_len = ' $$name; \
			printf 'sizeof(pmp_text_%s);\n' $$name; \
		done; \
	} > $@

# Empties the lines of docstrings and comments, and cuts comments after code, if no quote is in them
# (a string may have a "#"); the other lines keep their numbers. A docstring becomes "", which may be
# the only statement of a class. Types of arguments and results are cut, too, and each level of
# indentation becomes one blank.
strip_comments = awk ' \
	function put(line) { \
		match(line, /^ */); print substr("          ", 1, int(RLENGTH / 4)) substr(line, RLENGTH + 1) } \
	open { open = !/"""/; print ""; next } \
	/^ *"""/ { text = $$0; sub(/^ *"""/, "", text); open = text !~ /"""/; sub(/""".*/, "\"\""); \
		put($$0); next } \
	/^ *\#/ { print ""; next } \
	{ sub(/  +\# [^"\047]*$$/, ""); sub(/\) -> [^ ]*:$$/, "):") } \
	/^ *def / { type = ": (int|str|bytes|bool|float|list|dict|tuple|set|frozenset|object)"; \
		gsub(type ",", ","); gsub(type " =", " ="); gsub(type "\\)", ")") } \
	{ put($$0) }'

# The scripts for gdb, compressed, as bytes: a string literal needs quoting and has a limited
# length. The separators are described in gdbscripts/loader.py.
$(B)/gen/agent.c: $(agent_py) $(B)/agent_py
	$(call step,GEN)
	@mkdir -p $(@D)
	$(Q){ \
		printf '#include <stddef.h>\n\nextern const unsigned char pmp_agent[];\n'; \
		printf 'extern const size_t pmp_agent_len;\n\n'; \
		printf 'const unsigned char pmp_agent[] = {\n'; \
		{ \
			$(strip_comments) gdbscripts/loader.py && \
			printf '\n#:PMP-BUNDLE\n' && \
			for f in $(filter-out gdbscripts/loader.py,$(agent_py)); do \
				name=$${f##*/} && printf '#:PMP-MODULE %s\n' "$${name%.py}" && \
				$(strip_comments) "$$f" && printf '\n' || exit 1; \
			done; \
		} > $(B)/gen/agent.py && \
		gzip -9 -n -c $(B)/gen/agent.py > $(B)/gen/agent.py.gz && \
		$(call to_bytes,$(B)/gen/agent.py.gz); \
		printf '};\n\nconst size_t pmp_agent_len = sizeof(pmp_agent);\n'; \
	} > $@

# These files change only if their content changes: other flags, or a new or removed script.
$(B)/flags: ALWAYS
	@mkdir -p $(@D)
	@echo '$(subst ','\'',$(CC) $(ALL_CFLAGS) $(SMALLER))' | cmp -s - $@ || \
		echo '$(subst ','\'',$(CC) $(ALL_CFLAGS) $(SMALLER))' > $@
$(B)/agent_py: ALWAYS
	@mkdir -p $(@D)
	@echo '$(agent_py)' | cmp -s - $@ || echo '$(agent_py)' > $@

# Tests.

unit: $(unit) ## build the unit tests
$(B)/tests/unit/%: $(B)/tests/unit/%.o $(B)/cli.a $(B)/merger.a
	$(call step,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ -lcmocka $(CLI_LIBS)

$(B)/tests/harness/programs/%: $(B)/tests/harness/programs/%.o $(B)/merger.a
	$(call step,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# Built without a sanitizer, whose run-time library has its own threads and signals.
plain_programs := $(patsubst %,$(B)/tests/harness/programs/%,\
	victim restless embed busy exclusive stopped)
$(plain_programs): $(B)/tests/harness/programs/%: tests/harness/programs/%.c \
		tests/harness/programs/small_thread.h
	$(call step,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(WARN) -O1 -g -pthread -o $@ $< -ldl

# One job for each processor, unless -j sets a number.
JOBS = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

check: ## install missing packages, build, run all tests (T=NAME: those with this in their name)
	@B='$(B)' CC='$(CC)' .ci/deps check
	@$(MAKE) $(JOBS) --no-print-directory check-run

# Fuzz targets (tests/fuzz/README.md): main is in replay.c for check, in libFuzzer for fuzz.

fuzz_names := $(filter-out oracle replay,$(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c)))
TIME ?= 600
FUZZ ?=
FUZZER ?=

fuzz-targets: $(patsubst %,$(B)/tests/fuzz/%,$(fuzz_names))
$(B)/tests/fuzz/%: $(B)/tests/fuzz/%.o $(B)/tests/fuzz/oracle.o \
		$(if $(FUZZER),,$(B)/tests/fuzz/replay.o) $(B)/merger.a
	$(call step,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) $(FUZZER) -o $@ $(filter %.o,$^) $(filter %cli.a,$^) \
		$(B)/merger.a $(if $(filter %cli.a,$^),$(CLI_LIBS),$(LIBS))
$(B)/tests/fuzz/options: $(B)/cli.a

fuzz: all ## run libFuzzer on each fuzz target for TIME=600 seconds (T=NAME: one target)
	@[ '$(T)' = python-memory ] || B='$(B)-fuzz' MAKE='$(MAKE)' tests/fuzz/run '$(TIME)' $(T)
	@case '$(T)' in ''|python-memory) \
		B='$(B)' PYTHON='$(PYTHON)' $(PYTHON) tests/agent/python_memory.py $(FUZZ) ;; esac

bench_programs := $(B)/tests/bench/gaps $(B)/tests/bench/trees
$(B)/tests/bench/gaps: tests/bench/gaps.c
	$(call step,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(filter-out -Wvla,$(WARN)) -O2 -g -pthread -o $@ $< -ldl
$(B)/tests/bench/trees: $(B)/tests/bench/trees.o $(B)/merger.a
	$(call step,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

BENCH ?=

bench-quick: all $(bench_programs) ## the fast rows; fails if a ratio is over twice its target
	@B='$(B)' PYTHON='$(PYTHON)' $(PYTHON) tests/bench/bench.py --quick $(BENCH)

bench: all $(bench_programs) ## measure pauses, speed, memory, and other tools (BENCH='--only fold')
	@B='$(B)' PYTHON='$(PYTHON)' $(PYTHON) tests/bench/bench.py $(BENCH)
	@B='$(B)' PYTHON='$(PYTHON)' $(PYTHON) tests/bench/python_walk.py
	@B='$(B)' PYTHON='$(PYTHON)' $(PYTHON) tests/bench/timeline.py

$(B)/pmp.map: $(B)/cli/main.o $(B)/cli.a $(B)/merger.a
	$(call step,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -static -Wl,--gc-sections -Wl,-Map,$@ -o $(B)/pmp.mapped \
		$^ $(CLI_LIBS)
	@rm -f $(B)/pmp.mapped

size: all $(B)/pmp.map ## the bytes that each library adds to the binary
	@$(PYTHON) tests/bench/size.py $(B)/pmp.map $(B)/pmp

TORTURE ?=

torture: $(B)/tests/harness/programs/victim $(B)/tests/harness/programs/restless samples
torture: all ## kill and stop pmp, gdb and targets, 15 minutes (TORTURE='--seconds 60')
	@B='$(B)' PYTHON='$(PYTHON)' $(PYTHON) tests/stress/torture.py $(TORTURE)

DUMPS ?= 500

deadlocks: $(B)/tests/harness/programs/busy
deadlocks: all ## pmp dump of correct programs, 500 times each: no deadlock (DUMPS=N)
	@B='$(B)' PYTHON='$(PYTHON)' $(PYTHON) tests/stress/deadlocks.py $(DUMPS)

DIFFS ?= 100 10

diffs: all samples ## pmp diff of a program with itself and with a faster one (DIFFS='100 10')
	@B='$(B)' PYTHON='$(PYTHON)' $(PYTHON) tests/stress/diffs.py $(DIFFS)

ROOTS ?= $(B)/roots
MATRIX ?=

hangs: all samples ## all programs of samples/hang, each dumped twice
	@for f in tests/live/test_dump*.py; do \
		echo "$$f" && HANGS=all B='$(B)' PYTHON='$(PYTHON)' $(PYTHON) "$$f" || exit 1; done
services: all ## pmp dump of real services: idle, busy, stuck (SERVICES='redis stuck'); minutes
	@B='$(B)' PYTHON='$(PYTHON)' $(PYTHON) tests/services/services.py $(SERVICES)
matrix: $(B)/tests/harness/programs/embed
matrix: all ## the same programs on every Python, in each build (ROOTS=, MATRIX='--only 3.11')
	@B='$(B)' PYTHON='$(PYTHON)' CC='$(CC)' $(PYTHON) tests/matrix/matrix.py \
		--roots '$(ROOTS)' $(MATRIX)

roots: ## make root folders with more Pythons for matrix: root, network, 2 GB (SUITES='trixie sid')
	@tests/roots '$(ROOTS)' $(SUITES)

check-run: $(unit) $(helpers) $(B)/pmp-faulty $(bench_programs) fuzz-targets samples
check-run: all ## build and run all tests, without installing packages
	@B='$(B)' SAN='$(SAN)' W='$(W)' PYTHON='$(PYTHON)' CC='$(CC)' \
		$(PYTHON) tests/run $(if $(T),'$(T)')

# Failed tests are ignored here: gcov makes everything slower, and writes files that some tests do
# not expect.
coverage: ## line coverage of merger/ and cli/, in build-coverage; fails if it is low
	@mkdir -p '$(B)-coverage' && find '$(B)-coverage' -name '*.gcda' -delete
	@$(MAKE) --no-print-directory B='$(B)-coverage' COVERAGE=1 CFLAGS='-O0 -g' \
		check-run || echo 'coverage: some tests failed; the table counts the lines that ran'
	@tests/coverage -l '$(B)-coverage' merger=95 cli=85

valgrind: ## unit, golden and command line tests under memcheck (T=NAME: unit tests)
	@$(MAKE) --no-print-directory B='$(B)-valgrind' DYNAMIC=1 '$(B)-valgrind/pmp.debug' unit
	@B='$(B)-valgrind' PYTHON='$(PYTHON)' tests/valgrind $(if $(T),'$(T)')

# Samples and the demo.

samples: $(samples) ## build the sample programs
$(B)/samples/spinext.so: samples/spinext.c $(B)/flags
	$(call step,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(WARN) -O2 -g -fPIC -shared \
		-I"$$($(PYTHON) -c 'import sysconfig; print(sysconfig.get_path("include"))')" \
		-o $@ $<
$(B)/samples/work: samples/work.c $(B)/flags
	$(call step,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(WARN) -O1 -g -pthread -o $@ $< -lm
$(B)/samples/%: samples/hang/%.c $(B)/flags
	$(call step,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(WARN) -O1 -g -pthread -o $@ $<
$(B)/samples/work-stripped: $(B)/samples/work
	$(call step,STRIP)
	$(Q)$(STRIP) -o $@ $<

pictures: all samples ## make the pictures of README.md anew, in samples/
	@B='$(B)' PYTHON='$(PYTHON)' samples/pictures

demo: ## install missing packages, build, sample a Python program, print its call tree
	@B='$(B)' CC='$(CC)' .ci/deps demo
	@$(MAKE) $(JOBS) --no-print-directory demo-run

demo-run: all samples
	@B='$(B)' PYTHON='$(PYTHON)' samples/demo

# Static checks, installation.

empty :=
TIDY := $(subst $(empty) $(empty),$(comma),-* clang-analyzer-* bugprone-* \
	-bugprone-easily-swappable-parameters -bugprone-reserved-identifier \
	-bugprone-narrowing-conversions \
	-bugprone-assignment-in-if-condition -bugprone-not-null-terminated-result \
	-bugprone-suspicious-missing-comma -bugprone-sizeof-expression \
	-clang-analyzer-valist.Uninitialized -clang-analyzer-security.insecureAPI.strcpy \
	-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling)

# All checks run, even if one finds a problem.
lint: $(B)/gen/pprof.pb-c.h ## tests/layers, clang-format, cppcheck and clang-tidy, if installed
	@bad=0; \
	$(PYTHON) tests/layers || bad=1; \
	has() { command -v "$$1" >/dev/null || { echo "lint: no $$1"; false; }; }; \
	if has clang-format; then clang-format --dry-run -Werror $(c_files) || bad=1; fi; \
	if has cppcheck; then \
		cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
			--suppress=ctuuninitvar --error-exitcode=1 -I. -D_GNU_SOURCE \
			-DPMP_VERSION='""' $(cli_src) $(merger_src) || bad=1; \
	fi; \
	if has clang-tidy; then \
		clang-tidy --quiet --warnings-as-errors='*' --checks='$(TIDY)' \
			$(cli_src) $(merger_src) -- -I. -I$(B)/gen -std=gnu11 -D_GNU_SOURCE \
			-DPMP_VERSION='""' 2>/dev/null || bad=1; \
	fi; \
	exit $$bad

format: ## format the C files with clang-format
	clang-format -i $(c_files)

# Files that pmp prints: the path below share/, and the words of the command.
shared = man/man1/pmp.1:man bash-completion/completions/pmp:completion,bash \
	zsh/site-functions/_pmp:completion,zsh fish/vendor_completions.d/pmp.fish:completion,fish

install: all ## install the program, man page and shell completion (PREFIX=/usr/local DESTDIR=)
	$(INSTALL) -d '$(DESTDIR)$(PREFIX)/bin'
	$(INSTALL) -m 755 $(B)/pmp '$(DESTDIR)$(PREFIX)/bin/pmp'
	$(Q)for s in $(shared); do \
		$(B)/pmp $$(echo $${s#*:} | tr , ' ') > $(B)/gen/shared && \
		$(INSTALL) -D -m 644 $(B)/gen/shared '$(DESTDIR)$(PREFIX)/share'/$${s%:*} || \
			exit 1; \
	done

uninstall: ## remove the installed files
	rm -f '$(DESTDIR)$(PREFIX)/bin/pmp'
	$(Q)for s in $(shared); do rm -f '$(DESTDIR)$(PREFIX)/share'/$${s%:*}; done

clean: ## remove the build directory
	rm -rf '$(B)'

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1\t\2/p' Makefile | expand -t 14

dep_folders := $(addprefix $(B)/,cli merger tests)
-include $(foreach depth,* */* */*/*,$(wildcard $(addsuffix /$(depth).d,$(dep_folders))))

ALWAYS:
.PHONY: ALWAYS all unit check check-run fuzz fuzz-targets bench bench-quick size torture deadlocks hangs \
	services \
	diffs matrix roots coverage valgrind samples pictures demo demo-run lint format install \
	uninstall clean help
