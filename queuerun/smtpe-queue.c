/*
 * smtpe-queue: the operator's tool (smtpe-queue(8)): finds the verb and calls
 * it. What a verb does is in ops_*.c.
 */
#include "die.h"
#include "ops.h"
#include "option.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static const struct {
	const char *name;
	int (*run)(struct ops *o, const char *const *args, size_t nargs);
	bool json; /* does --json mean anything? */
} verbs[] = {
    {"list", ops_list, true},
    {"show", ops_show, true},
    {"cat", ops_cat, false},
    {"hold", ops_hold, false},
    {"release", ops_release, false},
    {"remove", ops_remove, false},
    {"quarantine", ops_quarantine, true},
    {"stat", ops_stat, true},
};

static struct ops ops;

static void
set_no_script(const char *value)
{
	(void)value;
	ops.no_script = true;
}

static const struct option_own own[] = {
    {"--no-script", false, set_no_script},
    {NULL, false, NULL},
};

/* Has somebody brought settings along? */
static bool
has_settings(char **argv, int first)
{
	extern char **environ;

	for (int i = 1; i < first; i++)
		if (strcmp(argv[i], "--no-script") != 0 &&
		    strcmp(argv[i], "--") != 0)
			return true;
	for (char **e = environ; *e != NULL; e++)
		if (strncmp(*e, "SMTPE_", 6) == 0)
			return true;
	return false;
}

static const struct option_program program = {
    .name = "smtpe-queue",
    .usage = "VERB [arguments]",
    .doc = "  list [--json]       every entry, in any state\n"
	   "  show [--json] ID    one entry\n"
	   "  cat ID              its message, as it leaves\n"
	   "  hold ID...          keeps entries from delivery\n"
	   "  release ID...       out of hold or quarantine, for delivery\n"
	   "  remove ID...        ends entries without a report\n"
	   "  quarantine list [--json] [NAME]\n"
	   "  quarantine release NAME ID... | --all\n"
	   "  quarantine delete NAME ID... | --all\n"
	   "  stat [--json]       how many there are in each state\n",
    .own = own,
    .client_fd = -1,
};

/* A queue that nobody has used yet is an empty one; looking at it does not
 * make it. */
static struct queue *
open_queue(const struct controls *c)
{
	static struct queue q;
	const char *dir = c->queuedir;

	if (access(dir, F_OK) == -1 && errno == ENOENT) {
		ops_say(dir, "there is no queue yet");
		return NULL;
	}
	if (queue_open(&q, dir) == -1)
		die_temp_errno("queue %s", dir);
	q.spill = c->amqpspill;
	return &q;
}

int
main(int argc, char **argv)
{
	static struct controls controls;
	const char **args;
	size_t nargs = 0, verb;
	int first = option_parse(&program, argc, argv, &controls), status;

	if (first == argc)
		die_perm("no verb, see -h");
	for (verb = 0; verb < sizeof verbs / sizeof *verbs; verb++)
		if (strcmp(verbs[verb].name, argv[first]) == 0)
			break;
	if (verb == sizeof verbs / sizeof *verbs)
		die_perm("unknown verb %s", argv[first]);
	if ((args = calloc((size_t)argc, sizeof *args)) == NULL)
		die_temp("out of memory");
	for (int i = first + 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0 && verbs[verb].json)
			ops.json = true;
		else
			args[nargs++] = argv[i];
	}
	signal(SIGPIPE, SIG_IGN);
	ops.controls = &controls;
	ops.q = open_queue(&controls);
	ops.own_settings = has_settings(argv, first);
	ops_guard(&ops, argv[first], args, nargs);
	if (plan_init(&ops.plan, &controls) == -1)
		die_temp_errno("%s", ops.plan.routes.path);
	status = verbs[verb].run(&ops, args, nargs);
	plan_free(&ops.plan);
	buf_free(&ops.out);
	arena_free(&ops.arena);
	free(args);
	return status;
}
