/* pmp: where a process spends its time, or why it hangs. See command.h, which does all of it. */
#include "cli/options/command.h"

int main(int argc, char **argv)
{
	return command_main(argc, argv);
}
