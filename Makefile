# smtpe: plain GNU make, one file. `make help` lists what there is.
#
# Every variant has a tree of its own; objects are never shared:
#   build/        static glibc, Debian's .a files (the default)
#   build/musl/   static musl, `make LIBC=musl` (starts 3 to 4 times faster)
#   build/asan/   gcc with address and undefined sanitizers, `make asan`
#   build/clang/  clang, `make clang`
# A program is smtpe/smtpe.c, queuerun/queuerun.c, or NAME.c with a dash in
# its name; the other sources of a folder are that folder's archive.
#
# What musl lacks (crypt, librabbitmq) is in programs of their own, DYN_PROGS,
# which are dynamic glibc in every tree. All other code must build with both;
# kernel headers (linux/*.h) are linked into the musl tree's include folder.

PREFIX ?= /usr/local
DESTDIR ?=
BINDIR ?= $(PREFIX)/bin
LIBEXECDIR ?= $(PREFIX)/libexec/smtpe
MANDIR ?= $(PREFIX)/share/man
DATADIR ?= $(PREFIX)/share/smtpe

LIBC ?= glibc
VARIANT ?= $(LIBC)
PKG_CONFIG ?= pkg-config
AR ?= ar

WARN = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wformat=2 -Wvla -Wno-sign-conversion $(WERROR)
HARDEN = -fPIE -fstack-protector-strong -fstack-clash-protection
OPT ?= -O2 -g
BASE = -std=gnu11 -D_GNU_SOURCE -Ilib $(WARN) $(HARDEN) $(OPT)
LUA_CFLAGS := $(shell $(PKG_CONFIG) --cflags lua5.4 2>/dev/null)

# What a static glibc program must not call: lib/static.c.
WRAP = -Wl,-u,__wrap_dlopen,--wrap=dlopen,--wrap=dlsym,--wrap=dlclose,--wrap=dlerror,--wrap=getservbyport_r

ifeq ($(VARIANT),glibc)
  B = build
  CC = gcc
  CFLAGS_V = $(BASE) -D_FORTIFY_SOURCE=2 $(LUA_CFLAGS)
  LDFLAGS_V = -static-pie -Wl,-z,relro,-z,now $(WRAP)
  LIBS_V = -llua5.4 -lbearssl -lcares -lcdb -lm
else ifeq ($(VARIANT),musl)
  B = build/musl
  M = build/musl-libs
  CC = musl-gcc
  CFLAGS_V = $(BASE) -isystem $(M)/include
  LDFLAGS_V =
  LIBS_V = $(M)/lib/liblua.a $(M)/lib/libbearssl.a $(M)/lib/libcares.a \
	$(M)/lib/libcdb.a
  DEPS_V = $(M)/.done
else ifeq ($(VARIANT),asan)
  B = build/asan
  CC = gcc
  CFLAGS_V = $(BASE) -O1 -fno-omit-frame-pointer $(LUA_CFLAGS) \
	-fsanitize=address,undefined -fno-sanitize-recover=all
  LDFLAGS_V = -pie -fsanitize=address,undefined -static-libasan -Wl,-z,relro,-z,now
  LIBS_V = -Wl,-Bstatic -llua5.4 -lbearssl -lcdb -lcares -Wl,-Bdynamic -lm
else ifeq ($(VARIANT),clang)
  B = build/clang
  CC = clang
  CFLAGS_V = $(BASE) -D_FORTIFY_SOURCE=2 $(LUA_CFLAGS)
  LDFLAGS_V = -static-pie -Wl,-z,relro,-z,now $(WRAP)
  LIBS_V = -llua5.4 -lbearssl -lcares -lcdb -lm
else
  $(error VARIANT is glibc, musl, asan or clang, not $(VARIANT))
endif

CPPFLAGS_V = -DVARIANT='"$(VARIANT)"' -DLIBEXECDIR='"$(LIBEXECDIR)"' \
	-DDATADIR='"$(DATADIR)"'

# musl-gcc ignores -static-pie: it takes the long way to a real one. Fewer
# segments and less of them start a little sooner.
ifeq ($(VARIANT),musl)
  GCCLIB := $(dir $(shell gcc -print-libgcc-file-name))
  MUSLLIB := $(firstword $(wildcard /usr/lib/*-linux-musl))
  LINK = $(CC) -static -nostartfiles -Wl,--sort-section=name \
	-Wl,-pie,--no-dynamic-linker,-z,text,-z,relro,-z,now \
	-Wl,--gc-sections,-z,noseparate-code,-u,memcpy \
	-o $@ $(MUSLLIB)/rcrt1.o $(MUSLLIB)/crti.o $(GCCLIB)crtbeginS.o \
	$(filter %.o %.a,$^) $(1) $(GCCLIB)crtendS.o $(MUSLLIB)/crtn.o
else
  LINK = $(CC) $(LDFLAGS_V) -o $@ $(filter %.o %.a,$^) $(1)
endif

# What links librabbitmq or libcrypt is dynamic glibc in every tree, from
# objects of its own.
DYN_CC = gcc
DYN_CFLAGS = $(if $(filter asan,$(VARIANT)),$(CFLAGS_V),$(BASE) -D_FORTIFY_SOURCE=2 $(LUA_CFLAGS))
DYN_LDFLAGS = $(if $(filter asan,$(VARIANT)),$(LDFLAGS_V),-pie -Wl,-z,relro,-z,now,--as-needed)
DYN_PROGS = queuerun/agent-amqp smtpe/smtpe-checkpw smtpe/smtpe-passwd

progs_in = $(patsubst %.c,%,$(wildcard $(1)/*-*.c))
STATIC_PROGS = smtpe/smtpe queuerun/queuerun \
	$(filter-out $(DYN_PROGS),$(call progs_in,queuerun) $(call progs_in,smtpe))
PROGS = $(STATIC_PROGS) $(DYN_PROGS)

LIB_SRC = $(wildcard lib/*.c)
# No Lua, no DNS, no TLS where nobody calls them.
DYN_LIB_SRC = $(filter-out lib/hook%.c lib/mod%.c lib/dns%.c lib/tls%.c,$(LIB_SRC))
# smtpe/checkpw_*.c are smtpe-checkpw's, and may know crypt(3).
CHECKPW_SRC = $(wildcard smtpe/checkpw_*.c)
SMTPE_SRC = $(filter-out smtpe/smtpe.c $(addsuffix .c,$(call progs_in,smtpe)) $(CHECKPW_SRC),$(wildcard smtpe/*.c))
# queuerun/amqp_*.c are agent-amqp's, and may know rabbitmq-c.
AMQP_SRC = $(wildcard queuerun/amqp_*.c)
QUEUERUN_SRC = $(filter-out queuerun/queuerun.c $(addsuffix .c,$(call progs_in,queuerun)) $(AMQP_SRC),$(wildcard queuerun/*.c))
AMQP_UNIT = $(patsubst %.c,%,$(wildcard t/unit/amqp*.c))
UNIT = $(filter-out $(AMQP_UNIT),$(patsubst %.c,%,$(wildcard t/unit/*.c)))
HELPERS = $(patsubst %.c,%,$(wildcard t/helpers/*.c))
FUZZ = $(filter-out t/fuzz/replay,$(patsubst %.c,%,$(wildcard t/fuzz/*.c)))
BENCH = t/bench/connbench
BENCH_DYN = t/bench/amqpbench

.DELETE_ON_ERROR:
.PHONY: all check rfc bench demo asan clang musl install clean help fuzz unit lint benchtools FORCE
.SUFFIXES:

all: $(addprefix $(B)/,$(PROGS)) $(B)/share/smtpe ## build every program of this variant

help: ## this list
	@awk -F' ## ' '/^[a-z]+:.* ## /{sub(/:.*/, "", $$1); printf "  make %-9s %s\n", $$1, $$2}' Makefile
	@echo "  variables: LIBC=musl PREFIX= DESTDIR= OPT= WERROR=-Werror"
	@echo "  VARIANT=glibc|musl|asan|clang picks the tree for any of them"

# Objects are made anew when what they are made with has changed: another
# PREFIX is in them, and so is another OPT.
$(B)/.flags: export FLAGS = $(CC) $(CPPFLAGS_V) $(CFLAGS_V) / $(LDFLAGS_V) / $(DYN_CC) $(DYN_CFLAGS) / $(DYN_LDFLAGS)
$(B)/.flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' "$$FLAGS" | cmp -s - $@ || printf '%s\n' "$$FLAGS" >$@

$(B)/%.o: %.c $(B)/.flags $(DEPS_V)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_V) $(CFLAGS_V) -MMD -MP -c -o $@ $<

# Tests look into every room.
$(B)/t/%.o $(B)/dyn/t/%.o: private CPPFLAGS_V += -Ismtpe -Iqueuerun

$(B)/dyn/%.o: %.c $(B)/.flags
	@mkdir -p $(@D)
	$(DYN_CC) $(CPPFLAGS_V) $(DYN_CFLAGS) -MMD -MP -c -o $@ $<

# Scripts find policies and dialects below ../share/smtpe of their program.
$(B)/share/smtpe:
	@mkdir -p $(@D)
	ln -sfn '$(CURDIR)/scripts' $@

$(B)/lib.a: $(LIB_SRC:%.c=$(B)/%.o)
$(B)/smtpe.a: $(SMTPE_SRC:%.c=$(B)/%.o)
$(B)/queuerun.a: $(QUEUERUN_SRC:%.c=$(B)/%.o)
$(B)/dyn/lib.a: $(DYN_LIB_SRC:%.c=$(B)/dyn/%.o)
$(B)/%.a:
	@rm -f $@
	$(AR) rcs $@ $^

$(B)/smtpe/smtpe: $(B)/smtpe/smtpe.o $(B)/smtpe.a $(B)/lib.a
	$(call LINK,$(LIBS_V))
$(B)/queuerun/queuerun: $(B)/queuerun/queuerun.o $(B)/queuerun.a $(B)/lib.a
	$(call LINK,$(LIBS_V))
$(addprefix $(B)/,$(filter-out smtpe/smtpe queuerun/queuerun,$(STATIC_PROGS))): $(B)/%: $(B)/%.o $(B)/queuerun.a $(B)/lib.a
	$(call LINK,$(LIBS_V))
$(B)/dyn/amqp.a: $(AMQP_SRC:%.c=$(B)/dyn/%.o)
$(addprefix $(B)/,queuerun/agent-amqp $(AMQP_UNIT) $(HELPERS)): $(B)/%: $(B)/dyn/%.o $(B)/dyn/amqp.a $(B)/dyn/lib.a
	@mkdir -p $(@D)
	$(DYN_CC) $(DYN_LDFLAGS) -o $@ $^ -lrabbitmq -lssl -lcrypto -lcdb
$(B)/dyn/checkpw.a: $(CHECKPW_SRC:%.c=$(B)/dyn/%.o)
$(addprefix $(B)/smtpe/,smtpe-checkpw smtpe-passwd): $(B)/%: $(B)/dyn/%.o $(B)/dyn/checkpw.a $(B)/dyn/lib.a
	@mkdir -p $(@D)
	$(DYN_CC) $(DYN_LDFLAGS) -o $@ $^ -Wl,-Bstatic -lbearssl -lcdb -Wl,-Bdynamic -lcrypt

# Unit tests see every archive, so that a pure module is tested where it is.
$(addprefix $(B)/,$(UNIT)): $(B)/%: $(B)/%.o $(B)/smtpe.a $(B)/queuerun.a $(B)/lib.a
	$(call LINK,$(LIBS_V))
unit: $(addprefix $(B)/,$(UNIT) $(AMQP_UNIT) $(HELPERS) $(FUZZ)) ## build the unit tests and the corpus replayers

$(addprefix $(B)/,$(FUZZ)): $(B)/%: $(B)/%.o $(B)/t/fuzz/replay.o $(B)/smtpe.a $(B)/queuerun.a $(B)/lib.a
	$(call LINK,$(LIBS_V))
FUZZ_SRC = $(LIB_SRC) $(SMTPE_SRC) $(QUEUERUN_SRC)
build/fuzz/%: t/fuzz/%.c $(FUZZ_SRC)
	@mkdir -p $(@D)
	clang -std=gnu11 -D_GNU_SOURCE -Ilib -Ismtpe -Iqueuerun $(CPPFLAGS_V) $(LUA_CFLAGS) -O1 -g \
	    -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
	    -o $@ $^ -llua5.4 -lbearssl -lcares -lcdb -lm
fuzz: $(patsubst t/%,build/%,$(FUZZ)) ## build the fuzz targets (clang, libFuzzer)

$(addprefix $(B)/,$(BENCH)): %: %.o
	$(call LINK,)
$(addprefix $(B)/,$(BENCH_DYN)): $(B)/%: $(B)/dyn/%.o
	$(DYN_CC) $(DYN_LDFLAGS) -o $@ $^ -lrabbitmq
# The floor pays for no hardening.
$(B)/t/bench/floor: t/bench/floor.c $(B)/.flags
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -D_GNU_SOURCE $(WARN) -O2 -static -o $@ $<
benchtools: $(addprefix $(B)/,t/bench/floor $(BENCH) $(if $(filter glibc,$(VARIANT)),$(BENCH_DYN)))

# Made once, with no prerequisite, so that it needs no network again.
build/musl-libs/.done:
	sh scripts/musl-libs build/musl-libs

asan: ## build with sanitizers into build/asan
	$(MAKE) VARIANT=asan all unit
clang: ## build with clang into build/clang
	$(MAKE) VARIANT=clang all unit
musl: ## the same as make LIBC=musl
	$(MAKE) LIBC=musl all unit

check: all unit ## build and run the tests (t/slow: scripts/check --full)
	SMTPE_BUILD=$(CURDIR)/$(B) prove $(wildcard t/*.t)

bench: ## measure, beside a floor and the peers that are installed
	python3 t/bench/run $(BENCH_FLAGS)
	$(if $(findstring --only,$(BENCH_FLAGS)),,python3 t/bench/run \
	    $(BENCH_FLAGS) --only million)

demo: ## one message, end to end
	sh scripts/demo

rfc: ## the rules of RFCs that the code cites, and their tests
	@perl t/rfc.pl

lint: ## man pages, shell scripts, format
	mandoc -Tlint -W warning man/*.[1-9]
	prove t/02-scripts.t

install: all ## install (DESTDIR= PREFIX=)
	install -d '$(DESTDIR)$(BINDIR)' '$(DESTDIR)$(LIBEXECDIR)' \
	    '$(DESTDIR)$(MANDIR)/man5' '$(DESTDIR)$(MANDIR)/man7' \
	    '$(DESTDIR)$(MANDIR)/man8' '$(DESTDIR)$(DATADIR)'
	for p in $(PROGS); do case $$p in \
	    */agent-*) d='$(DESTDIR)$(LIBEXECDIR)' ;; \
	    *) d='$(DESTDIR)$(BINDIR)' ;; esac; \
	    install -m 755 "$(B)/$$p" "$$d/" || exit 1; done
	for m in man/*.[578]; do [ ! -f "$$m" ] || install -m 644 "$$m" \
	    "$(DESTDIR)$(MANDIR)/man$${m##*.}/" || exit 1; done
	cp -R etc/. '$(DESTDIR)$(DATADIR)/'
	for f in $$(cd etc && find . -type f); do \
	    sed -i 's,/usr/local/bin/,$(BINDIR)/,g' "$(DESTDIR)$(DATADIR)/$$f" || \
	    exit 1; done
	for f in scripts/*.lua scripts/*/*.lua; do [ ! -f "$$f" ] || \
	    install -D -m 644 "$$f" "$(DESTDIR)$(DATADIR)/$${f#scripts/}" || \
	    exit 1; done

clean: ## remove build/, but keep the musl libraries
	[ ! -d build ] || find build -mindepth 1 -maxdepth 1 ! -name musl-libs \
	    -exec rm -rf {} +

-include $(wildcard $(B)/*/*.d $(B)/t/*/*.d $(B)/dyn/*/*.d $(B)/dyn/t/*/*.d)
