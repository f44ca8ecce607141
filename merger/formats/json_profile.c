/* json_profile: the profile as JSON. Keys and values are those of the YAML (yaml_schema.h). YAML
 * 1.2 contains JSON, so yaml_profile_read reads it. */
#include "merger/base/json_document.h"
#include "merger/formats/file_writers.h"
#include "merger/formats/profile_document.h"

bool json_profile_write(const struct profile *profile, const struct write_options *options,
                        FILE *out, struct error *err)
{
	struct json_document json;

	(void)options; /* a file holds the whole profile */
	(void)err;     /* a write error shows in ferror(out) */
	json_document_init(&json, out);
	profile_document_write(&json.document, profile);
	json_line(&json.json);
	return true;
}
