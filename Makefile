# pmp: `make help` lists what can be made.
#
# Variables: B= build directory, CC=, CFLAGS=, SAN=address,undefined (a sanitizer build, in a directory of
# its own), W=1 (or CI in the environment): warnings are errors, V=1: whole commands, T=NAME: only the tests
# with NAME in their program's or their own name, PYTHON= the python3 of samples and tests, PREFIX= and
# DESTDIR= for install.

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
# Functions that are not called are left out; pmp.debug has the tables for unwinding among its debug information.
SMALLER := -ffunction-sections -fdata-sections $(if $(SAN),,-fno-asynchronous-unwind-tables)
ALL_LDFLAGS = $(CFLAGS) $(if $(SAN),-fsanitize=$(SAN)) $(LDFLAGS)
# libyaml reads and writes profiles, zlib reads and writes packed text, protobuf-c writes pprof's.
LIBS := -lyaml -lz -lprotobuf-c -lm
# ncurses draws a screen: only what holds cli/ wants it.
CLI_LIBS := -lncursesw -ltinfo $(LIBS)
PROTOC_C ?= protoc-c

cli_src := $(wildcard cli/*.c cli/*/*.c)
merger_src := $(wildcard merger/*/*.c)
cli_obj := $(patsubst %.c,$(B)/%.o,$(filter-out cli/main.c,$(cli_src))) $(B)/gen/agent.o $(B)/gen/texts.o
merger_obj := $(merger_src:%.c=$(B)/%.o) $(B)/gen/pprof.pb-c.o $(B)/gen/flame_graph_assets.o
unit_src := $(wildcard tests/unit/*/*.c)
unit := $(patsubst %.c,$(B)/%,$(unit_src))
helpers := $(patsubst %.c,$(B)/%,$(wildcard tests/harness/programs/*.c))
# By name, whatever folder it is in: that order is the bundle's, and test_build's.
by_name = $(foreach f,$(sort $(foreach f,$(1),$(notdir $f):$f)),$(lastword $(subst :, ,$f)))
agent_py := gdbscripts/loader.py $(call by_name,$(wildcard gdbscripts/*/*.py)) gdbscripts/agent.py
samples := $(B)/samples/spinext.so $(B)/samples/work $(B)/samples/work-stripped $(B)/samples/hang
c_files := $(foreach depth,* */* */*/*,$(wildcard $(addsuffix /$(depth).[ch],cli merger samples tests)))

# V=1 prints whole commands.
V ?=
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-6s %s\n' $(1) $@)

.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:

all: $(B)/pmp ## the program: build/pmp, one static binary

$(B)/pmp: $(B)/pmp.debug
	$(call say,STRIP)
	$(Q)$(if $(SAN),cp $< $@,$(STRIP) -o $@ $<)

# Static, so that it runs where it is copied to; a sanitizer's runtime cannot be, and DYNAMIC=1 is for valgrind.
DYNAMIC ?= $(SAN)
$(B)/pmp.debug: $(B)/cli/main.o $(B)/cli.a $(B)/merger.a
	$(call say,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) $(if $(DYNAMIC),,-static -Wl,--gc-sections) -o $@ $^ $(CLI_LIBS)

# A pmp whose calls of the system fail when told to, for the tests (tests/harness/faults/faults.c says what and how).
# The libraries' calls do so too, where they are linked statically.
wrapped := $(shell sed -n 's/^WRAP.[^,]*, *\([a-z_0-9]*\),.*/\1/p' tests/harness/faults/faults.c)
$(B)/pmp-faulty: $(B)/cli/main.o $(B)/tests/harness/faults/faults.o $(B)/cli.a $(B)/merger.a
	$(call say,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) $(if $(DYNAMIC),,-static -Wl,--gc-sections) $(wrapped:%=-Wl,--wrap=%) \
		-o $@ $^ -Wl,-Bstatic $(CLI_LIBS) $(if $(DYNAMIC),-Wl$(comma)-Bdynamic)

# COVERAGE=1: gcov's counts are written at _exit as well.
ifneq ($(COVERAGE),)
ALL_CFLAGS += --coverage
ALL_LDFLAGS += --coverage
$(B)/pmp.debug $(B)/pmp-faulty: LDFLAGS += -Wl,--wrap=_exit
$(B)/pmp.debug $(B)/pmp-faulty: $(B)/tests/harness/faults/flush.o
endif

$(B)/cli.a: $(cli_obj)
$(B)/merger.a: $(merger_obj)
$(B)/cli.a $(B)/merger.a:
	$(call say,AR)
	$(Q)rm -f $@ && ar rcs $@ $^

# Small code where speed is not measured: commands, screens, texts for people.
$(B)/cli/%.o $(B)/merger/diagnosis/%.o $(B)/merger/text/%.o: private CFLAGS := $(CFLAGS:-O3=-Os)

$(B)/%.o: %.c $(B)/flags
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(SMALLER) -MMD -MP -c -o $@ $<

$(B)/gen/agent.o: $(B)/gen/agent.c $(B)/flags
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

# pprof's messages, in C.
$(B)/merger/formats/pprof.o $(B)/tests/fuzz/oracle.o: $(B)/gen/pprof.pb-c.h
$(B)/merger/formats/pprof.o $(B)/tests/fuzz/oracle.o: private ALL_CFLAGS += -I$(B)/gen
$(B)/gen/pprof.pb-c.o: $(B)/gen/pprof.pb-c.c $(B)/flags
	$(Q)$(CC) $(ALL_CFLAGS) -ffunction-sections -fdata-sections -c -o $@ $<
$(B)/gen/pprof.pb-c.h: $(B)/gen/pprof.pb-c.c
$(B)/gen/pprof.pb-c.c: merger/formats/pprof.proto
	$(call say,GEN)
	@mkdir -p $(@D)
	$(Q)$(PROTOC_C) --proto_path=merger/formats --c_out=$(@D) $<

# A file's bytes, as the inside of a C array.
to_bytes = od -An -v -tx1 $(1) | sed 's/\([0-9a-f][0-9a-f]\)/0x\1,/g'

# A flame graph's style and script.
$(B)/gen/flame_graph_assets.o: $(B)/gen/flame_graph_assets.c $(B)/flags
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<
$(B)/gen/flame_graph_assets.c: merger/formats/flame_graph.css merger/formats/flame_graph.js
	$(call say,GEN)
	@mkdir -p $(@D)
	$(Q){ \
		printf '#include <stddef.h>\n\n'; \
		for part in css js; do \
			printf 'extern const unsigned char pmp_flame_graph_%s[];\nextern const size_t pmp_flame_graph_%s_len;\n' $$part $$part; \
			printf 'const unsigned char pmp_flame_graph_%s[] = {\n' $$part; \
			$(call to_bytes,merger/formats/flame_graph.$$part) || exit 1; \
			printf '};\nconst size_t pmp_flame_graph_%s_len = sizeof(pmp_flame_graph_%s);\n' $$part $$part; \
		done; \
	} > $@

# The texts that are filled in from tables, packed: pmp.1.in is pmp_text_pmp_1_in, and so on.
texts := cli/help/pmp.1.in cli/help/completion.bash cli/help/completion.zsh cli/help/completion.fish
$(B)/gen/texts.o: $(B)/gen/texts.c $(B)/flags
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<
$(B)/gen/texts.c: $(texts)
	$(call say,GEN)
	@mkdir -p $(@D)
	$(Q){ \
		printf '#include <stddef.h>\n\n'; \
		for text in $^; do \
			name=$$(echo "$${text##*/}" | tr . _); \
			printf 'extern const unsigned char pmp_text_%s[];\nextern const size_t pmp_text_%s_len;\n' $$name $$name; \
			printf 'const unsigned char pmp_text_%s[] = {\n' $$name; \
			gzip -9 -n -c "$$text" > $(B)/gen/text.gz && $(call to_bytes,$(B)/gen/text.gz) || exit 1; \
			printf '};\nconst size_t pmp_text_%s_len = sizeof(pmp_text_%s);\n' $$name $$name; \
		done; \
	} > $@

# The scripts for gdb, packed, as bytes: a string literal would have to be quoted and has a limited length.
# What the separators mean is in gdbscripts/loader.py.
$(B)/gen/agent.c: $(agent_py) $(B)/agent_py
	$(call say,GEN)
	@mkdir -p $(@D)
	$(Q){ \
		printf '#include <stddef.h>\n\nextern const unsigned char pmp_agent[];\n'; \
		printf 'extern const size_t pmp_agent_len;\n\nconst unsigned char pmp_agent[] = {\n'; \
		{ \
			cat gdbscripts/loader.py && printf '\n#:PMP-BUNDLE\n' && \
			for f in $(filter-out gdbscripts/loader.py,$(agent_py)); do \
				name=$${f##*/} && printf '#:PMP-MODULE %s\n' "$${name%.py}" && \
				cat "$$f" && printf '\n' || exit 1; \
			done; \
		} > $(B)/gen/agent.py && \
		gzip -9 -n -c $(B)/gen/agent.py > $(B)/gen/agent.py.gz && \
		$(call to_bytes,$(B)/gen/agent.py.gz); \
		printf '};\n\nconst size_t pmp_agent_len = sizeof(pmp_agent);\n'; \
	} > $@

# Changed when what it holds changes: other flags, or a script that was added or removed.
$(B)/flags: ALWAYS
	@mkdir -p $(@D)
	@echo '$(subst ','\'',$(CC) $(ALL_CFLAGS) $(SMALLER))' | cmp -s - $@ || \
		echo '$(subst ','\'',$(CC) $(ALL_CFLAGS) $(SMALLER))' > $@
$(B)/agent_py: ALWAYS
	@mkdir -p $(@D)
	@echo '$(agent_py)' | cmp -s - $@ || echo '$(agent_py)' > $@

# Tests.

unit: $(unit) ## the unit tests' programs, not run
$(B)/tests/unit/%: $(B)/tests/unit/%.o $(B)/cli.a $(B)/merger.a
	$(call say,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ -lcmocka $(CLI_LIBS)

$(B)/tests/harness/programs/%: $(B)/tests/harness/programs/%.o $(B)/merger.a
	$(call say,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# Without a sanitizer, whose run-time has threads and signals of its own.
$(B)/tests/harness/programs/victim $(B)/tests/harness/programs/embed $(B)/tests/harness/programs/busy $(B)/tests/harness/programs/exclusive: $(B)/tests/harness/programs/%: tests/harness/programs/%.c
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(WARN) -O1 -g -pthread -o $@ $< -ldl

# As many jobs as there are processors, unless -j says how many.
JOBS = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

check: ## installs what is missing, builds, runs every test (T=NAME: those with NAME in their name)
	@B='$(B)' CC='$(CC)' .ci/deps check
	@$(MAKE) $(JOBS) --no-print-directory check-run

# Fuzz targets (tests/fuzz/README.md): with replay.c as main for check, with libFuzzer's for fuzz.

fuzz_names := $(filter-out oracle replay,$(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c)))
TIME ?= 600
FUZZ ?=
FUZZER ?=

fuzz-targets: $(patsubst %,$(B)/tests/fuzz/%,$(fuzz_names))
$(B)/tests/fuzz/%: $(B)/tests/fuzz/%.o $(B)/tests/fuzz/oracle.o \
		$(if $(FUZZER),,$(B)/tests/fuzz/replay.o) $(B)/merger.a
	$(call say,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) $(FUZZER) -o $@ $(filter %.o,$^) $(filter %cli.a,$^) $(B)/merger.a \
		$(if $(filter %cli.a,$^),$(CLI_LIBS),$(LIBS))
$(B)/tests/fuzz/options: $(B)/cli.a

fuzz: all ## each fuzz target for TIME=600 seconds (T=NAME: that one), with clang's libFuzzer; the agent's memory a million times
	@[ '$(T)' = python-memory ] || B='$(B)-fuzz' MAKE='$(MAKE)' tests/fuzz/run '$(TIME)' $(T)
	@case '$(T)' in ''|python-memory) B='$(B)' PYTHON='$(PYTHON)' $(PYTHON) tests/agent/python_memory.py $(FUZZ) ;; esac

bench_programs := $(B)/tests/bench/gaps $(B)/tests/bench/trees
$(B)/tests/bench/gaps: tests/bench/gaps.c
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(filter-out -Wvla,$(WARN)) -O2 -g -pthread -o $@ $< -ldl
$(B)/tests/bench/trees: $(B)/tests/bench/trees.o $(B)/merger.a
	$(call say,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

BENCH ?=

bench-quick: all $(bench_programs) ## the rows of bench that take seconds: fails where a ratio is off by more than double
	@B='$(B)' PYTHON='$(PYTHON)' $(PYTHON) tests/bench/bench.py --quick $(BENCH)

bench: all $(bench_programs) ## pauses, speed and memory, beside what others take (tests/bench/README.md; BENCH='--only fold')
	@B='$(B)' PYTHON='$(PYTHON)' $(PYTHON) tests/bench/bench.py $(BENCH)
	@B='$(B)' PYTHON='$(PYTHON)' $(PYTHON) tests/bench/python_walk.py
	@B='$(B)' PYTHON='$(PYTHON)' $(PYTHON) tests/bench/timeline.py

TORTURE ?=

torture: all $(B)/tests/harness/programs/victim samples ## pmp, gdb and target are killed, stopped and more, for 15 minutes (TORTURE='--seconds 60')
	@B='$(B)' PYTHON='$(PYTHON)' $(PYTHON) tests/stress/torture.py $(TORTURE)

DUMPS ?= 500

deadlocks: all $(B)/tests/harness/programs/busy ## pmp dump of busy programs sees no deadlock, 500 times each (DUMPS=N)
	@B='$(B)' PYTHON='$(PYTHON)' $(PYTHON) tests/stress/deadlocks.py $(DUMPS)

DIFFS ?= 100 10

diffs: all samples ## pmp diff of a program with itself, 100 times, and with a faster one, 10 times (DIFFS='TRIALS FASTER')
	@B='$(B)' PYTHON='$(PYTHON)' $(PYTHON) tests/stress/diffs.py $(DIFFS)

ROOTS ?= $(B)/roots
MATRIX ?=

matrix: all $(B)/tests/harness/programs/embed ## the same cases on every Python found, in each build (ROOTS=FOLDER, MATRIX='--only 3.11')
	@B='$(B)' PYTHON='$(PYTHON)' CC='$(CC)' $(PYTHON) tests/matrix/matrix.py --roots '$(ROOTS)' $(MATRIX)

roots: ## root folders with other Pythons for matrix, made by debootstrap: root and network, 2 GB (SUITES='trixie sid')
	@tests/roots '$(ROOTS)' $(SUITES)

check-run: all unit $(helpers) fuzz-targets samples $(B)/pmp-faulty $(bench_programs) ## the tests, without looking for what is missing
	@B='$(B)' SAN='$(SAN)' W='$(W)' PYTHON='$(PYTHON)' CC='$(CC)' $(PYTHON) tests/run $(if $(T),'$(T)')

# gcov makes everything slower and writes where a test expects nothing: whether tests pass is for check to say.
coverage: ## line coverage of merger/ and cli/ by all tests, in build-coverage; fails where it is low
	@mkdir -p '$(B)-coverage' && find '$(B)-coverage' -name '*.gcda' -delete
	@$(MAKE) --no-print-directory B='$(B)-coverage' COVERAGE=1 CFLAGS='-O0 -g' \
		check-run || echo 'coverage: some tests failed; here are the lines that ran'
	@tests/coverage -l '$(B)-coverage' merger=95 cli=85

valgrind: ## the unit tests, golden cases and tests of the command line under memcheck (T=NAME: those unit tests)
	@$(MAKE) --no-print-directory B='$(B)-valgrind' DYNAMIC=1 '$(B)-valgrind/pmp.debug' unit
	@B='$(B)-valgrind' PYTHON='$(PYTHON)' tests/valgrind $(if $(T),'$(T)')

# Samples and the demo.

samples: $(samples) ## the programs to try pmp on
$(B)/samples/spinext.so: samples/spinext.c $(B)/flags
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(WARN) -O2 -g -fPIC -shared \
		-I"$$($(PYTHON) -c 'import sysconfig; print(sysconfig.get_path("include"))')" -o $@ $<
$(B)/samples/work: samples/work.c $(B)/flags
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(WARN) -O1 -g -pthread -o $@ $< -lm
$(B)/samples/hang: samples/hang/hang.c $(B)/flags
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(WARN) -O1 -g -pthread -o $@ $<
$(B)/samples/work-stripped: $(B)/samples/work
	$(call say,STRIP)
	$(Q)$(STRIP) -o $@ $<

pictures: all samples ## README's pictures, made anew in samples/
	@B='$(B)' PYTHON='$(PYTHON)' samples/pictures

demo: ## installs what is missing, builds, samples a Python program, prints its call tree
	@B='$(B)' CC='$(CC)' .ci/deps demo
	@$(MAKE) $(JOBS) --no-print-directory demo-run

demo-run: all samples
	@B='$(B)' PYTHON='$(PYTHON)' samples/demo

# Care.

empty :=
TIDY := $(subst $(empty) $(empty),$(comma),-* clang-analyzer-* bugprone-* \
	-bugprone-easily-swappable-parameters -bugprone-reserved-identifier -bugprone-narrowing-conversions \
	-bugprone-assignment-in-if-condition -bugprone-not-null-terminated-result -bugprone-suspicious-missing-comma -bugprone-sizeof-expression \
	-clang-analyzer-valist.Uninitialized -clang-analyzer-security.insecureAPI.strcpy \
	-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling)

# All three run, whichever finds something.
lint: $(B)/gen/pprof.pb-c.h ## clang-format, cppcheck and clang-tidy, as far as they are there
	@bad=0; \
	has() { command -v "$$1" >/dev/null || { echo "lint: no $$1"; false; }; }; \
	if has clang-format; then clang-format --dry-run -Werror $(c_files) || bad=1; fi; \
	if has cppcheck; then \
		cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --suppress=ctuuninitvar \
			--error-exitcode=1 -I. -D_GNU_SOURCE -DPMP_VERSION='""' $(cli_src) $(merger_src) || bad=1; \
	fi; \
	if has clang-tidy; then \
		clang-tidy --quiet --warnings-as-errors='*' --checks='$(TIDY)' $(cli_src) $(merger_src) \
			-- -I. -I$(B)/gen -std=gnu11 -D_GNU_SOURCE -DPMP_VERSION='""' 2>/dev/null || bad=1; \
	fi; \
	exit $$bad

format: ## rewrites the C files as .clang-format says
	clang-format -i $(c_files)

# What the program itself prints: the file below share/, and the words that make it.
shared = man/man1/pmp.1:man bash-completion/completions/pmp:completion,bash \
	zsh/site-functions/_pmp:completion,zsh fish/vendor_completions.d/pmp.fish:completion,fish

install: all ## PREFIX=/usr/local DESTDIR=: the program, its man page, completion for shells
	$(INSTALL) -d '$(DESTDIR)$(PREFIX)/bin'
	$(INSTALL) -m 755 $(B)/pmp '$(DESTDIR)$(PREFIX)/bin/pmp'
	$(Q)for s in $(shared); do \
		$(B)/pmp $$(echo $${s#*:} | tr , ' ') > $(B)/gen/shared && \
		$(INSTALL) -D -m 644 $(B)/gen/shared '$(DESTDIR)$(PREFIX)/share'/$${s%:*} || exit 1; \
	done

uninstall: ## takes away what install put there
	rm -f '$(DESTDIR)$(PREFIX)/bin/pmp'
	$(Q)for s in $(shared); do rm -f '$(DESTDIR)$(PREFIX)/share'/$${s%:*}; done

clean: ## removes the build directory
	rm -rf '$(B)'

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1\t\2/p' Makefile | expand -t 14

-include $(foreach depth,* */* */*/*,$(wildcard $(addprefix $(B)/,$(addsuffix /$(depth).d,cli merger tests))))

ALWAYS:
.PHONY: ALWAYS all unit torture deadlocks diffs matrix roots fuzz bench fuzz-targets check check-run coverage valgrind samples pictures demo demo-run lint format install uninstall clean help
