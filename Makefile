# pmp: `make help` lists what can be made.
B ?= build
CC ?= cc
CFLAGS ?= -O2 -g
SAN ?=
WARN = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2
VERSION = 0.1.0

ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE $(WARN) $(CFLAGS) $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer)
LIBS = -lyaml -lz

merger_src = $(wildcard merger/*.c)
cli_src = $(wildcard cli/*.c)
merger_obj = $(merger_src:%.c=$(B)/%.o)
cli_obj = $(cli_src:%.c=$(B)/%.o) $(B)/gen/agent.o

all: $(B)/pmp

$(B)/pmp: $(cli_obj) $(B)/merger.a
	$(CC) $(ALL_CFLAGS) $(if $(SAN),,-static) $(LDFLAGS) -o $@ $(cli_obj) $(B)/merger.a $(LIBS)

$(B)/merger.a: $(merger_obj)
	rm -f $@ && ar rcs $@ $^

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

-include $(merger_obj:.o=.d) $(cli_src:%.c=$(B)/%.d)

.PHONY: all
