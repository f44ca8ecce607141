/* svg_parts: the style and the script of a flame graph, svg.css and svg.js. The build makes them bytes. */
#ifndef PMP_SVG_PARTS_H
#define PMP_SVG_PARTS_H

#include <stddef.h>

extern const unsigned char pmp_svg_css[], pmp_svg_js[];
extern const size_t pmp_svg_css_len, pmp_svg_js_len;

#endif
