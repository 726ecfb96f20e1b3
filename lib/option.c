/*
 * option: see option.h. Words are only collected here; -s and -q become -o
 * settings, so that there is one way for a value into the controls.
 */
#include "option.h"
#include "die.h"
#include "file.h"
#include "log.h"
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct line {
	const struct option_program *program;
	struct arena arena;
	char **argv;
	int argc;
	int next; /* index of the word to look at */
	const char *dir;
	const char **settings; /* "name=value" */
	size_t nsettings;
	bool show_controls;
};

static _Noreturn void
print_and_exit(struct buf *text)
{
	if (file_write_all(STDOUT_FILENO, buf_span(text)) == -1)
		die_temp_errno("standard output");
	buf_free(text);
	exit(EXIT_SUCCESS);
}

static _Noreturn void
print_version(const struct option_program *program)
{
	struct buf b = {0};

	buf_printf(&b, "%s %s\n", program->name, version_text);
	print_and_exit(&b);
}

static _Noreturn void
print_help(const struct option_program *program)
{
	struct buf b = {0};

	buf_printf(&b, "usage: %s [-c DIR] [-s SCRIPT] [-q QUEUEDIR] "
	    "[-o name=value]...", program->name);
	if (program->usage != NULL && *program->usage != '\0')
		buf_printf(&b, " %s", program->usage);
	buf_printf(&b, "\n       %s -V | -h | --show-controls\n",
	    program->name);
	if (program->doc != NULL)
		buf_printf(&b, "\n%s", program->doc);
	if (b.p[b.n - 1] != '\n')
		buf_putc(&b, '\n');
	buf_puts(&b,
	    "\n"
	    "  -c DIR           read controls from DIR instead of "
	    CONTROL_DIR "\n"
	    "  -s SCRIPT        the same as -o script=SCRIPT\n"
	    "  -q QUEUEDIR      the same as -o queuedir=QUEUEDIR\n"
	    "  -o name=value    set a control, over file and environment\n"
	    "  --show-controls  print every control, its value and origin\n"
	    "  -V               print version and variant\n"
	    "  -h               print this\n"
	    "\n"
	    "Controls: a file NAME in the directory, the variable "
	    "SMTPE_NAME, or\n-o NAME=VALUE.\n");
	control_help(&b);
	print_and_exit(&b);
}

static _Noreturn void
print_help_mdoc(void)
{
	struct buf b = {0};

	control_help_mdoc(&b);
	print_and_exit(&b);
}

/* What follows an option: the rest of its word, or the next word. */
static const char *
take_value(struct line *l, const char *option, const char *rest)
{
	if (rest != NULL)
		return rest;
	if (l->next >= l->argc)
		die_perm("%s: option %s needs a value; -h lists them",
		    l->program->name, option);
	return l->argv[l->next++];
}

static void
add_setting(struct line *l, const char *name, const char *value)
{
	const char *setting = value;

	if (name != NULL)
		setting = arena_printf(&l->arena, "%s=%s", name, value).p;
	l->settings[l->nsettings++] = setting;
}

/* -c -s -q -o: true when word was one of them. */
static bool
shared_option(struct line *l, const char *word)
{
	char option[3] = {'-', word[1], '\0'};
	const char *rest = word[2] != '\0' ? word + 2 : NULL;

	switch (word[1]) {
	case 'c':
		l->dir = take_value(l, option, rest);
		return true;
	case 's':
		add_setting(l, "script", take_value(l, option, rest));
		return true;
	case 'q':
		add_setting(l, "queuedir", take_value(l, option, rest));
		return true;
	case 'o':
		add_setting(l, NULL, take_value(l, option, rest));
		return true;
	default:
		return false;
	}
}

static bool
printing_option(struct line *l, const char *word)
{
	if (strcmp(word, "-V") == 0 || strcmp(word, "--version") == 0)
		print_version(l->program);
	if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0)
		print_help(l->program);
	if (strcmp(word, "--help-mdoc") == 0)
		print_help_mdoc();
	if (strcmp(word, "--show-controls") != 0)
		return false;
	l->show_controls = true;
	return true;
}

/* The value glued to an option of the program's own: NULL when word is
 * another option, the empty rest when nothing is glued. */
static const char *
own_match(const struct option_own *own, const char *word)
{
	size_t n = strlen(own->name);

	if (strncmp(word, own->name, n) != 0)
		return NULL;
	word += n;
	if (*word == '\0' || (n > 2 && *word == '=') ||
	    (n == 2 && own->takes_value))
		return word;
	return NULL;
}

static bool
own_option(struct line *l, const char *word)
{
	for (const struct option_own *o = l->program->own;
	    o != NULL && o->name != NULL; o++) {
		const char *rest = own_match(o, word);

		if (rest == NULL)
			continue;
		if (!o->takes_value && *rest != '\0')
			die_perm("%s: option %s takes no value",
			    l->program->name, o->name);
		if (!o->takes_value)
			o->set(NULL);
		else if (*rest == '=' && strlen(o->name) > 2)
			o->set(rest + 1);
		else
			o->set(take_value(l, o->name,
			    *rest != '\0' ? rest : NULL));
		return true;
	}
	return false;
}

static void
read_words(struct line *l)
{
	while (l->next < l->argc) {
		const char *word = l->argv[l->next];

		if (word[0] != '-' || word[1] == '\0')
			return;
		l->next++;
		if (strcmp(word, "--") == 0)
			return;
		if (!own_option(l, word) && !printing_option(l, word) &&
		    !shared_option(l, word))
			die_perm("%s: unknown option %s; -h lists them",
			    l->program->name, word);
	}
}

static void
start_log(const struct line *l, const char *where)
{
	if (log_init(l->program->name, where, l->program->client_fd) == -1)
		die_bug("log=%s", where);
}

/*
 * A descriptor below 3 that nobody opened would become the next file that is:
 * then log lines are written into an entry of the queue.
 */
static void
fill_std_fds(void)
{
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) == -1 &&
		    open("/dev/null", O_RDWR) != fd)
			_exit(EXIT_TEMP);
}

int
option_parse(const struct option_program *program, int argc, char **argv,
    struct controls *c)
{
	struct line l = {.program = program, .argv = argv, .argc = argc};
	struct buf text = {0};
	bool usage;

	fill_std_fds();
	/* Complaints from here on must not reach a client on fd 2. */
	start_log(&l, "auto");
	l.next = argc > 0;
	l.settings = arena_alloc(&l.arena,
	    ((size_t)argc + 1) * sizeof *l.settings);
	read_words(&l);
	if (control_load(c, l.dir, l.settings, l.nsettings, &text, &usage) ==
	    -1) {
		if (usage)
			die_perm("%s", buf_cstr(&text));
		die_temp("%s", buf_cstr(&text));
	}
	arena_free(&l.arena);
	if (program->settle != NULL)
		program->settle(c);
	if (l.show_controls) {
		control_show(c, &text);
		print_and_exit(&text);
	}
	buf_free(&text);
	if (!span_eq(c->log, SPAN("auto")))
		start_log(&l, arena_cstr(&c->arena, c->log));
	return l.next;
}
