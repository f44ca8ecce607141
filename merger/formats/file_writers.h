/* file_writers: prototypes of the formats for files, one .c file each. struct format in format.h
 * has their contract. To add a format, add its prototype here and its row in format.c. */
#ifndef PMP_FILE_WRITERS_H
#define PMP_FILE_WRITERS_H

#include <stdbool.h>
#include <stdio.h>

#include "merger/base/error.h"
#include "merger/base/span.h"
#include "merger/profile/profile.h"
#include "merger/profile/write_options.h"

struct profile_diff;

bool yaml_profile_write(const struct profile *, const struct write_options *, FILE *,
                        struct error *);
struct profile *yaml_profile_read(struct span text, const char *name, struct error *err);
bool yaml_profile_detect(struct span text);
bool json_profile_write(const struct profile *, const struct write_options *, FILE *,
                        struct error *);
bool collapsed_write(const struct profile *, const struct write_options *, FILE *, struct error *);
struct profile *collapsed_read(struct span text, const char *name, struct error *err);
bool collapsed_detect(struct span text);
bool diff_json_write(const struct profile_diff *, const struct write_options *, FILE *,
                     struct error *);
bool diff_flame_graph_write(const struct profile_diff *, const struct write_options *, FILE *,
                            struct error *);
bool callgrind_write(const struct profile *, const struct write_options *, FILE *, struct error *);
bool pprof_write(const struct profile *, const struct write_options *, FILE *, struct error *);
bool speedscope_write(const struct profile *, const struct write_options *, FILE *, struct error *);
bool flame_graph_write(const struct profile *, const struct write_options *, FILE *,
                       struct error *);
bool chrome_trace_write(const struct profile *, const struct write_options *, FILE *,
                        struct error *);

#endif
