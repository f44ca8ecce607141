#include "cli/options/options.h"

#include <stdlib.h>

void options_deinit(struct options *options)
{
	free(options->pids);
	free(options->operands);
	*options = (struct options){ 0 };
}

struct profile_builder_options options_builder(const struct options *options)
{
	return (struct profile_builder_options){
		.by_thread = options->threads,
		.by_line = options->lines,
		.glue = options->glue,
		.timeline = !options->no_timeline,
	};
}
