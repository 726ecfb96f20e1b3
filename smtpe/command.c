/* command: see command.h. */
#include "command.h"

const struct command commands[COMMAND_N] = {
#define COMMAND(VERB, name, phases, argument, hook, syntax)                   \
	{SPAN_LIT(#VERB), (phases), (argument), (hook), (syntax),             \
	    cmd_##name##_admit, cmd_##name##_act},
#include "command.def"
#undef COMMAND
};

const struct command *
command_find(struct span line, struct span *argument)
{
	struct span rest = line, verb;

	span_word(&rest, &verb);
	*argument = span_trim(rest);
	for (size_t i = 0; i < COMMAND_N; i++)
		if (span_ieq(verb, commands[i].verb))
			return &commands[i];
	return NULL;
}
