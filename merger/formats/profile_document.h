/* profile_document: writes a whole profile as nested maps and lists (document.h), by the schema
 * in yaml_schema.h. */
#ifndef PMP_PROFILE_DOCUMENT_H
#define PMP_PROFILE_DOCUMENT_H

#include "merger/base/document.h"
#include "merger/profile/profile.h"

/* The profile is finished and sorted. Stops early if document->failed is set. */
void profile_document_write(struct document *document, const struct profile *profile);

#endif
