# SPDX-License-Identifier: GPL-2.0-or-later
#
#   make tests            what the tests need, below $(BUILD)/tests
#   make check            that, then all suites of tests/suites
#   make fuzz             the fuzzers, FUZZ_SECONDS each (needs clang)
#
# Unit tests are tests/unit/test_NAME.c, compiled with the modules UNIT_NAME.

UNIT_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
UNIT_CFLAGS := $(filter-out -O2,$(COMMON)) -O1 $(UNIT_FLAGS) -I$(BUILD)/tests

UNIT_view := src/view/view.c src/view/change.c src/view/layers.c src/view/resolve.c src/base/text.c
UNIT_change := $(UNIT_view)
UNIT_describe := $(UNIT_view) src/image/describe.c
UNIT_layers := $(UNIT_view)
UNIT_nest := $(UNIT_view) src/view/nest.c
UNIT_resolve := $(UNIT_view)
UNIT_plan := src/image/plan.c src/image/elf.c src/image/emulator.c src/base/text.c
UNIT_state := src/image/state.c src/image/credentials.c src/base/text.c
UNIT_credentials := src/image/credentials.c src/base/text.c
UNIT_owner_record := src/image/owner_record.c
UNIT_hardlinks := src/image/hardlinks.c src/base/text.c
UNIT_removal := src/image/removal.c src/base/text.c
UNIT_store := src/image/store.c
UNIT_store_agent := src/agent/attach.c src/agent/store.c src/agent/store_file.c src/agent/image_lock.c src/agent/store_memory.c src/agent/store_place.c src/agent/room.c src/image/store.c src/view/view.c \
	src/base/text.c
UNIT_text := src/base/text.c
UNIT_socket_name := src/agent/socket_name.c
UNIT_filter := src/engine/filter.c src/engine/verdict.c src/agent/calls.c
UNIT_calls := src/agent/calls.c
UNIT_bpf := src/agent/bpf.c
UNIT_site := src/arch/$(ARCH)/site.c
UNIT_login := src/cli/login.c $(UNIT_credentials)
UNIT_oci = src/cli/oci.c $(UNIT_options)
UNIT_manifest := src/unpack/manifest.c src/unpack/failure.c
LIBRARIES_manifest := jansson
UNIT_sha256 := src/unpack/sha256.c
UNIT_options = src/cli/options.c src/cli/kernel.c src/cli/profile.c src/cli/ports.c src/base/text.c
UNIT_pack := src/image/convert.c src/image/unpack.c
UNIT_profile := src/cli/profile.c
UNIT_environment := src/cli/environment.c

# What can't be compiled where a library is missing.
NEEDS_UNPACK := $(if $(HAS_UNPACK),,manifest)

UNIT_NAMES := $(filter-out $(NEEDS_UNPACK),$(patsubst tests/unit/test_%.c,%,$(wildcard tests/unit/test_*.c)))
UNIT_PROGRAMS := $(UNIT_NAMES:%=$(BUILD)/tests/unit/test_%)
UNIT_OBJECTS := $(sort $(foreach name,$(UNIT_NAMES),$(patsubst %.c,$(BUILD)/tests/%.o,tests/unit/test_$(name).c $(UNIT_$(name)))))

ORACLE_PROGRAMS := $(addprefix $(BUILD)/tests/oracle/,sequence hello enter no-links)

tests: $(PROGRAMS) $(BUILD)/tests/private $(BUILD)/tests/binfmt $(BUILD)/tests/sandbox $(BUILD)/tests/refuse $(BUILD)/tests/sysv-storm $(BUILD)/tests/proot-other $(UNIT_PROGRAMS) $(ORACLE_PROGRAMS)

# As another build would be to this one: a command that lays out otherwise what it asks an agent for.
$(BUILD)/tests/proot-other: $(BUILD)/proot
	$(call say,TEST,$@)
	$(Q)$(COMMAND_CC) $(COMMAND_CFLAGS) -DNEST_VERSION=0x7fff -c -o $(BUILD)/tests/other-nest.o src/engine/nest.c
	$(Q)$(COMMAND_CC) $(COMMAND_LDFLAGS) $(LDFLAGS) -o $@ $(filter-out %/engine/nest.c.o,$(COMMAND_OBJECTS)) $(BUILD)/tests/other-nest.o

$(BUILD)/tests/private $(BUILD)/tests/binfmt $(BUILD)/tests/sandbox $(BUILD)/tests/refuse $(BUILD)/tests/sysv-storm: $(BUILD)/tests/%: tests/%.c tests/private.h Makefile
	@mkdir -p $(@D)
	$(call say,TEST,$<)
	$(Q)$(CC) -std=gnu11 -O2 $(WARNINGS) -o $@ $<

# What tests/oracle/run needs, which tests/oracle/mutations runs again and again.
ORACLE_SEQUENCE := sequence tree random path say directories calls attributes listing descriptors processes
$(BUILD)/tests/oracle/sequence: $(ORACLE_SEQUENCE:%=tests/oracle/%.c)
$(BUILD)/tests/oracle/hello: tests/oracle/hello.c
$(BUILD)/tests/oracle/enter: tests/oracle/enter.c
$(BUILD)/tests/oracle/no-links: tests/no-links.c
$(ORACLE_PROGRAMS): $(wildcard tests/oracle/*.h) tests/private.h tests/tests.mk
	@mkdir -p $(@D)
	$(call say,TEST,$@)
	$(Q)$(CC) -std=gnu11 -O1 -g -Wall -Wextra -static -pthread -o $@ $(filter %.c,$^)

# The numbers of this machine's kernel headers, for test_calls.
$(BUILD)/tests/headers.def: Makefile tests/tests.mk
	@mkdir -p $(@D)
	$(Q)echo '#include <asm/unistd.h>' | $(CC) -E -dM - | \
		sed -n 's/^#define __NR_\([a-z0-9_]*\) \([0-9]*\)$$/HEADER(\1, \2)/p' | sort >$@

$(BUILD)/tests/tests/unit/test_calls.o: $(BUILD)/tests/headers.def

# What the agent has of kernel headers is not what they have for libc.
$(BUILD)/tests/src/agent/%.o: UNIT_CFLAGS += -ffreestanding
$(BUILD)/tests/src/agent/%.o $(BUILD)/tests/tests/unit/test_store_agent.o: UNIT_CFLAGS += -DIMAGE_DATA_ADDRESS=0x200000000000

$(BUILD)/tests/%.o: %.c Makefile tests/tests.mk
	@mkdir -p $(@D)
	$(call say,TEST,$<)
	$(Q)$(CC) $(UNIT_CFLAGS) -c -o $@ $<

define UNIT_PROGRAM
$(BUILD)/tests/unit/test_$(1): $(patsubst %.c,$(BUILD)/tests/%.o,tests/unit/test_$(1).c $(UNIT_$(1)))
	@mkdir -p $$(@D)
	$$(call say,LINK,$$@)
	$$(Q)$$(CC) $$(UNIT_FLAGS) -pthread -o $$@ $$^ $(if $(LIBRARIES_$(1)),$(shell pkg-config --libs $(LIBRARIES_$(1))))
endef
$(foreach name,$(UNIT_NAMES),$(eval $(call UNIT_PROGRAM,$(name))))

# Fuzzers are tests/fuzz/fuzz_NAME.c, with the same modules.
FUZZ_FLAGS := -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined
FUZZ_NAMES := $(filter-out $(NEEDS_UNPACK),$(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c)))

define FUZZ_PROGRAM
$(BUILD)/fuzz/fuzz_$(1): tests/fuzz/fuzz_$(1).c $(UNIT_$(1)) $(wildcard src/*/*.h)
	@mkdir -p $$(@D)
	$$(call say,FUZZ,$$<)
	$$(Q)clang -std=gnu11 -g -O1 $(WARNINGS) $(INCLUDES) $$(FUZZ_FLAGS) -o $$@ $$(filter %.c,$$^) \
		$(if $(LIBRARIES_$(1)),$(shell pkg-config --libs $(LIBRARIES_$(1))))
endef
$(foreach name,$(FUZZ_NAMES),$(eval $(call FUZZ_PROGRAM,$(name))))

fuzz: $(FUZZ_NAMES:%=$(BUILD)/fuzz/fuzz_%)
	tests/fuzz/run

check: tests
	scripts/run-suites

.PHONY: tests check fuzz
.SECONDARY: $(UNIT_OBJECTS)
-include $(UNIT_OBJECTS:.o=.d)
