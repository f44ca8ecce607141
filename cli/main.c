/* pmp: where a process spends its time, or why it hangs. See command_table.h, which does all of it. */
#include "cli/options/command_table.h"

int main(int argc, char **argv)
{
	return command_main(argc, argv);
}
