/* flame_graph_assets: the style and the script of a flame graph, svg.css and svg.js. The build makes them bytes. */
#ifndef PMP_FLAME_GRAPH_ASSETS_H
#define PMP_FLAME_GRAPH_ASSETS_H

#include <stddef.h>

extern const unsigned char pmp_flame_graph_css[], pmp_flame_graph_js[];
extern const size_t pmp_flame_graph_css_len, pmp_flame_graph_js_len;

#endif
