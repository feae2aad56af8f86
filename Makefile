# SPDX-License-Identifier: GPL-2.0-or-later
#
#   make                  the command, ./proot; and ./proot-unpack where libarchive and jansson are
#   make LIBC=system      the same, linked as CC does: without musl-gcc this is what make does
#   make STATIC=1         one static file as small as it can be, with musl-gcc
#   make CC=aarch64-...   for another CPU, if src/arch has it
#   make install PREFIX=/usr/local DESTDIR=
#   make dist             build/proot-VERSION.tar.xz of the last commit
#   make deb              build/deb/*.deb of it, which lintian has looked at
#   make check            ./check does this after installing what the tests need
#
# The agent is compiled without libc, linked at a fixed address, and embedded
# in the command. Everything built goes to $(BUILD).

# The only place that has it.
VERSION := 0.1
PREFIX ?= /usr/local
ARCH := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))
ifneq ($(MAKECMDGOALS),clean)
$(if $(ARCH),,$(error '$(CC) -dumpmachine' does not tell which CPU it compiles for))
$(if $(wildcard src/arch/$(ARCH)),,$(error $(CC) compiles for $(ARCH), and there is no src/arch/$(ARCH)))
endif
BUILD ?= build
HOSTCC ?= cc
STRIP := $(patsubst %gcc,%strip,$(filter %-gcc,$(CC)))
STRIP := $(or $(STRIP),strip)
OBJDUMP := $(patsubst %strip,%objdump,$(STRIP))

WARNINGS := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wvla -Wundef
ifdef CI
WARNINGS += -Werror
endif
INCLUDES := -Isrc -Isrc/arch/$(ARCH)
COMMON := -std=gnu11 -O2 -g $(WARNINGS) $(INCLUDES) -MMD -MP

# The guest's vector registers are live while the agent runs, so it has none.
# It works on a slot's stack, whose size bounds its frames.
AGENT_CFLAGS := $(COMMON) -ffreestanding -fPIE -fvisibility=hidden -mgeneral-regs-only \
	-fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none \
	-fno-builtin -fno-strict-aliasing -fomit-frame-pointer -U_FORTIFY_SOURCE \
	-DCALL_HANDLERS
ifeq ($(findstring clang,$(shell $(CC) --version)),)
AGENT_CFLAGS += -fno-tree-loop-distribute-patterns -Werror=frame-larger-than=16384
else
AGENT_CFLAGS += -Wframe-larger-than=16384 -Werror=frame-larger-than
endif
# What only this CPU's compilers know.
-include src/arch/$(ARCH)/flags.mk

# The command is linked with musl where that is for this CPU: so it has no loader and asks the CPU for nothing, which makes
# a start a fifth shorter on a virtual machine, where CPUID is slow.
MUSL_GCC := musl-gcc
MUSL_ARCH := $(firstword $(subst -, ,$(shell $(MUSL_GCC) -dumpmachine 2>/dev/null)))
LIBC := $(if $(STATIC)$(filter $(ARCH),$(MUSL_ARCH)),musl,system)

CFLAGS ?=
LDFLAGS ?=
COMMAND_CC := $(CC)
COMMAND_CFLAGS := $(COMMON) -DVERSION='"$(VERSION)"' $(CPPFLAGS) $(CFLAGS)
ifeq ($(LIBC),musl)
COMMAND_CC := $(MUSL_GCC)
TRIPLET := $(shell gcc -print-multiarch 2>/dev/null)
COMMAND_CFLAGS += -idirafter /usr/include -idirafter /usr/include/$(TRIPLET)
COMMAND_LDFLAGS := -static
endif
ifdef STATIC
# Small, and the same wherever it is built.
COMMAND_CFLAGS += -Os -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -fno-unwind-tables
COMMAND_LDFLAGS += -s -Wl,--gc-sections -Wl,-z,noseparate-code -Wl,--build-id=none
BUILD := build/static
# At each start.
$(BUILD)/command/image/unpack.c.o: COMMAND_CFLAGS += -O2
endif

# One short line a file; the commands themselves with V=1.
ifdef V
Q :=
say =
else
Q := @
say = @printf '  %-6s %s\n' $(1) $(2)
endif

MANUAL_SOURCES := $(wildcard src/manual/*.c)
SHARED := src/base/text.c src/image/describe.c src/view/view.c src/view/change.c src/view/layers.c src/view/resolve.c src/image/credentials.c src/image/elf.c \
	src/image/hardlinks.c \
	src/image/emulator.c src/image/overlay.c src/image/owner_record.c src/image/plan.c src/image/removal.c src/image/state.c src/image/store.c
AGENT_SOURCES := $(SHARED) src/base/memory.c $(wildcard src/agent/*.c) $(wildcard src/arch/$(ARCH)/*.[cS])
COMMAND_SOURCES := $(SHARED) src/agent/calls.c src/view/nest.c src/image/compose.c src/image/shared.c src/image/convert.c src/image/unpack.c src/image/embed.S \
	$(wildcard src/engine/*.c src/supervisor/*.c) $(wildcard src/cli/*.c)

# proot-unpack is a program of its own, for it needs libraries. It is left out where their headers are not, and of static builds.
UNPACK_LIBRARIES := libarchive jansson
ifndef STATIC
HAS_UNPACK := $(shell pkg-config --exists $(UNPACK_LIBRARIES) 2>/dev/null && echo yes)
endif
UNPACK_SOURCES := $(wildcard src/unpack/*.c) src/cli/cache.c src/cli/message.c src/image/removal.c src/base/text.c
UNPACK_OBJECTS := $(patsubst src/%,$(BUILD)/unpack/%.o,$(UNPACK_SOURCES))
PROGRAMS := proot $(if $(HAS_UNPACK),proot-unpack)

AGENT_OBJECTS := $(patsubst src/%,$(BUILD)/agent/%.o,$(AGENT_SOURCES))
COMMAND_OBJECTS := $(patsubst src/%,$(BUILD)/command/%.o,$(COMMAND_SOURCES))
AGENT := $(BUILD)/agent.elf

all: $(PROGRAMS)

# The same, but left where they are built.
programs: $(PROGRAMS:%=$(BUILD)/%)

# Always looked at: it may be of another $(BUILD).
proot proot-unpack: %: $(BUILD)/% FORCE
	$(Q)cmp -s $< $@ || { cp $< $@.tmp && mv -f $@.tmp $@; }

$(BUILD)/proot: $(COMMAND_OBJECTS)
	$(call say,LINK,$@)
	$(Q)$(COMMAND_CC) $(COMMAND_LDFLAGS) $(LDFLAGS) -o $@ $(COMMAND_OBJECTS)

$(BUILD)/proot-unpack: $(UNPACK_OBJECTS)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(UNPACK_OBJECTS) $(shell pkg-config --libs $(UNPACK_LIBRARIES))

$(BUILD)/unpack/%.c.o: src/%.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(COMMAND_CFLAGS) $(shell pkg-config --cflags $(UNPACK_LIBRARIES)) -c -o $@ $<

# What it was compiled for is compiled again for another.
$(BUILD)/libc: FORCE
	@mkdir -p $(@D)
	@echo $(LIBC) | cmp -s - $@ || echo $(LIBC) >$@

$(BUILD)/command/%.c.o: src/%.c Makefile $(BUILD)/libc
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(COMMAND_CC) $(COMMAND_CFLAGS) -c -o $@ $<

# In a static command the agent is packed.
EMBEDDED := $(AGENT)$(if $(STATIC),.packed)

$(BUILD)/pack: src/pack/main.c src/image/convert.c src/image/pack.h
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) -std=gnu11 -O2 $(WARNINGS) -Isrc -o $@ src/pack/main.c src/image/convert.c

# zopfli packs to 4% less than gzip does, in the same format.
ZOPFLI := $(shell command -v zopfli)

$(AGENT).packed: $(AGENT) $(BUILD)/pack
	$(Q)$(BUILD)/pack <$< >$@.tmp
	$(Q)$(if $(ZOPFLI),$(ZOPFLI) -c $@.tmp,gzip -9nc $@.tmp) >$@

$(BUILD)/command/image/embed.S.o: src/image/embed.S $(EMBEDDED)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) -DAGENT_FILE='"$(EMBEDDED)"' -c -o $@ $<

# Resident memory counts for what is not called all day: it is compiled to be small.
AGENT_FAST := $(patsubst %,$(BUILD)/agent/%.c.o,agent/fast agent/fast_owner agent/fast_overlay agent/seen agent/change agent/clock agent/dispatch agent/guest_memory \
	agent/plain agent/slot base/memory base/text view/view)
$(BUILD)/agent/%.c.o: src/%.c Makefile
	@mkdir -p $(@D)
	$(call say,AGENT,$<)
	$(Q)$(CC) $(AGENT_CFLAGS) $(if $(filter $@,$(AGENT_FAST)),,-Os) -c -o $@ $<

$(BUILD)/agent/%.S.o: src/%.S Makefile
	@mkdir -p $(@D)
	$(call say,AGENT,$<)
	$(Q)$(CC) $(INCLUDES) -MMD -MP -c -o $@ $<

$(BUILD)/image.lds: src/agent/image.lds src/arch/$(ARCH)/arch.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(INCLUDES) -E -P -x c -D__ASSEMBLER__ -imacros arch.h -o $@ $<

$(AGENT): $(AGENT_OBJECTS) $(BUILD)/image.lds
	$(call say,LINK,$@)
	$(Q)$(CC) -nostdlib -static -Wl,-T,$(BUILD)/image.lds -Wl,--build-id=none -Wl,-z,max-page-size=4096 \
		-Wl,-z,noexecstack -Wl,--no-warn-rwx-segments -o $@.tmp $(AGENT_OBJECTS)
	$(Q)OBJDUMP=$(OBJDUMP) scripts/check-agent $@.tmp
	$(Q)cp $@.tmp $(BUILD)/agent.debug
	$(Q)$(STRIP) -o $@ $@.tmp

# The man pages and the completions come from the rows of options.def and calls.def.
DOCUMENTS := man bash zsh fish calls

$(BUILD)/manual: $(MANUAL_SOURCES) src/manual/calls.h src/cli/options.def src/agent/calls.def
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) -std=gnu11 $(WARNINGS) -Isrc -DVERSION='"$(VERSION)"' -o $@ $(MANUAL_SOURCES)

$(DOCUMENTS:%=$(BUILD)/proot.%): $(BUILD)/proot.%: $(BUILD)/manual
	$(Q)$(BUILD)/manual $* >$@

# "man ./proot.1"
proot.1: $(BUILD)/proot.man
	$(Q)cp $< $@

install: $(PROGRAMS) $(DOCUMENTS:%=$(BUILD)/proot.%)
	install -D -m 755 proot $(DESTDIR)$(PREFIX)/bin/proot
	$(if $(HAS_UNPACK),install -D -m 755 proot-unpack $(DESTDIR)$(PREFIX)/libexec/proot/proot-unpack)
	install -D -m 644 $(BUILD)/proot.man $(DESTDIR)$(PREFIX)/share/man/man1/proot.1
	install -D -m 644 $(BUILD)/proot.calls $(DESTDIR)$(PREFIX)/share/man/man7/proot-calls.7
	install -D -m 644 $(BUILD)/proot.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/proot
	install -D -m 644 $(BUILD)/proot.zsh $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_proot
	install -D -m 644 $(BUILD)/proot.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/proot.fish

# What is not committed is not in it.
NAME := proot-$(VERSION)
dist:
	@mkdir -p build
	git archive --prefix=$(NAME)/ HEAD | xz -9 >build/$(NAME).tar.xz

# The package's version is ours; its changelog is made here, with the date of the commit.
deb: dist
	rm -rf build/deb
	@mkdir -p build/deb
	tar -C build/deb -xf build/$(NAME).tar.xz
	cp -r packaging/debian build/deb/$(NAME)/
	sed 's/VERSION/$(VERSION)/; s/DATE/$(shell git log -1 --format=%aD)/' packaging/debian/changelog >build/deb/$(NAME)/debian/changelog
	cd build/deb/$(NAME) && dpkg-buildpackage -b -us -uc
	lintian --fail-on error,warning build/deb/*.changes

clean:
	rm -rf build proot proot-unpack proot.1

include tests/tests.mk

.PHONY: all programs install dist deb clean check FORCE
.DELETE_ON_ERROR:
-include $(AGENT_OBJECTS:.o=.d) $(COMMAND_OBJECTS:.o=.d) $(UNPACK_OBJECTS:.o=.d)
