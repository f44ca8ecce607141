/* flame_graph_assets: flame_graph.css and flame_graph.js, which the build compiles into arrays. */
#ifndef PMP_FLAME_GRAPH_ASSETS_H
#define PMP_FLAME_GRAPH_ASSETS_H

#include <stddef.h>

extern const unsigned char pmp_flame_graph_css[], pmp_flame_graph_js[];
extern const size_t pmp_flame_graph_css_len, pmp_flame_graph_js_len;

#endif
