
/*
 * docs/fairness.svg: each world as a point, by the days that honest households
 * lose and the sessions that sharers lose; and the frontier of the constants.
 */


#include "simulate.h"
#include <math.h>
#include <stdio.h>


#define SIM_WIDTH    920
#define SIM_HEIGHT   430
#define SIM_LEFT      60
#define SIM_TOP       60
#define SIM_PLOT     300               /* both ways, of the second plot */
#define SIM_SECOND   580


static const char  *sim_colours[] = { "#2563eb", "#d97706", "#059669" };
static const char  *sim_curves[] = { "T: evidence", "W: at once",
                                     "K: what a meeting excuses" };


static void sim_frame(FILE *out, int left, int width, const char *title);
static void sim_axis_y(FILE *out, int left, int width);
static double sim_log_x(double x);
static double sim_y(double y);
static void sim_draw_worlds(FILE *out, const sim_point_t *worlds, int n,
    const sim_point_t *homes);
static void sim_draw_labels(FILE *out, const sim_point_t *worlds, int n);
static void sim_draw_frontier(FILE *out, const sim_point_t *points, int n);


int
sim_draw(const char *file, const sim_point_t *worlds, int n,
    const sim_point_t *homes, const sim_point_t *frontier, int m)
{
    FILE  *out;

    out = fopen(file, "w");

    if (out == NULL) {
        perror(file);
        return 1;
    }

    fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d"
            " %d\" font-family=\"sans-serif\" font-size=\"12\">\n",
            SIM_WIDTH, SIM_HEIGHT);
    fprintf(out, "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n",
            SIM_WIDTH, SIM_HEIGHT);

    sim_draw_worlds(out, worlds, n, homes);
    sim_draw_frontier(out, frontier, m);

    fprintf(out, "</svg>\n");

    return fclose(out) != 0;
}


static void
sim_frame(FILE *out, int left, int width, const char *title)
{
    fprintf(out, "<text x=\"%d\" y=\"24\" font-size=\"14\" font-weight="
            "\"bold\">%s</text>\n", left, title);
    fprintf(out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\""
            " fill=\"none\" stroke=\"#9ca3af\"/>\n",
            left, SIM_TOP, width, SIM_PLOT);
    fprintf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">false-denied"
            " days of 1,000</text>\n", left + width / 2,
            SIM_TOP + SIM_PLOT + 40);
    fprintf(out, "<text x=\"%d\" y=\"46\" fill=\"#374151\">sharers' remote"
            " sessions denied, %%</text>\n", left);

    sim_axis_y(out, left, width);
}


static void
sim_axis_y(FILE *out, int left, int width)
{
    int  y;

    for (y = 0; y <= 100; y += 20) {
        fprintf(out, "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\""
                " stroke=\"#e5e7eb\"/>\n", left, left + width, sim_y(y),
                sim_y(y));
        fprintf(out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%d"
                "</text>\n", left - 6, sim_y(y) + 4, y);
    }
}


static double
sim_y(double y)
{
    return SIM_TOP + SIM_PLOT * (1 - y / 100);
}


/* from one day of 100,000 to all of them */

static double
sim_log_x(double x)
{
    return SIM_LEFT + 180 + 250 * (log10(ngx_max(x, 0.01)) + 2) / 5;
}


static void
sim_draw_worlds(FILE *out, const sim_point_t *worlds, int n,
    const sim_point_t *homes)
{
    int     i;
    double  x;

    sim_frame(out, SIM_LEFT, 440, "Each world: the sharing rule (blue), static"
              " homes (grey)");

    for (x = 0.01; x < 2000; x *= 10) {
        fprintf(out, "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\""
                " stroke=\"#e5e7eb\"/>\n", sim_log_x(x), sim_log_x(x),
                SIM_TOP, SIM_TOP + SIM_PLOT);
        fprintf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%g"
                "</text>\n", sim_log_x(x), SIM_TOP + SIM_PLOT + 18, x);
    }

    for (i = 0; i < n; i++) {
        fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"#9ca3af\""
                "><title>%s, static homes: %.1f, %.1f %%</title></circle>\n",
                sim_log_x(homes[i].x), sim_y(homes[i].y), worlds[i].name,
                homes[i].x, homes[i].y);
    }

    sim_draw_labels(out, worlds, n);

    fprintf(out, "<text x=\"%d\" y=\"%d\" font-size=\"11\" fill=\"#374151\">"
            "The numbers are the rows of the table in fairness.md.</text>\n",
            SIM_LEFT, SIM_TOP + SIM_PLOT + 60);
}


/* names stand beside the points, from top to bottom, and do not overlap */

static void
sim_draw_labels(FILE *out, const sim_point_t *worlds, int n)
{
    int     i, j, k, order[SIM_SECTIONS];
    double  x, y, label;

    for (i = 0; i < n; i++) {
        for (j = i; j > 0 && worlds[order[j - 1]].y < worlds[i].y; j--) {
            order[j] = order[j - 1];
        }

        order[j] = i;
    }

    label = SIM_TOP;

    for (i = 0; i < n; i++) {
        k = order[i];
        x = sim_log_x(worlds[k].x);
        y = sim_y(worlds[k].y);
        label = ngx_max(label + 13, y);

        fprintf(out, "<text x=\"%d\" y=\"%.1f\" font-size=\"10\">%d %s"
                "</text>\n", SIM_LEFT + 6, label + 3, k + 1, worlds[k].name);
        fprintf(out, "<line x1=\"%d\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\""
                " stroke=\"#93c5fd\"/>\n", SIM_LEFT + 168, label, x, y);
        fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\""
                " fill=\"#2563eb\"><title>%s: %.2f, %.1f %%</title>"
                "</circle>\n", x, y, worlds[k].name, worlds[k].x,
                worlds[k].y);
    }
}


static void
sim_draw_frontier(FILE *out, const sim_point_t *points, int n)
{
    int     i, k;
    double  x, most;

    sim_frame(out, SIM_SECOND, SIM_PLOT, "The plain world: other constants");

    most = 8;

    for (k = 0; k <= 8; k += 2) {
        fprintf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%d"
                "</text>\n", SIM_SECOND + SIM_PLOT * k / most,
                SIM_TOP + SIM_PLOT + 18, k);
    }

    for (k = 0; k < 3; k++) {
        fprintf(out, "<polyline fill=\"none\" stroke=\"%s\" stroke-width="
                "\"2\" points=\"", sim_colours[k]);

        for (i = 0; i < n; i++) {
            if (points[i].curve == k) {
                fprintf(out, "%.1f,%.1f ",
                        SIM_SECOND + SIM_PLOT * ngx_min(points[i].x, most)
                                     / most, sim_y(points[i].y));
            }
        }

        fprintf(out, "\"/>\n<text x=\"%d\" y=\"%d\" fill=\"%s\">%s</text>\n",
                SIM_SECOND + 130, SIM_TOP + SIM_PLOT - 60 + 20 * k,
                sim_colours[k], sim_curves[k]);
    }

    for (i = 0; i < n; i++) {
        x = SIM_SECOND + SIM_PLOT * ngx_min(points[i].x, most) / most;

        fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\">"
                "<title>%s: %.2f, %.1f %%</title></circle>\n", x,
                sim_y(points[i].y), sim_colours[points[i].curve],
                points[i].name, points[i].x, points[i].y);
    }
}
