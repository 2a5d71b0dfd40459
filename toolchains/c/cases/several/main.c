#include "shapes/area.h"
#include <math.h>
#include <stdio.h>

int main(void) {
    char line[64];
    FILE *input = fopen("data.txt", "r");
    while (fgets(line, sizeof line, input) != NULL) {
        double r;
        if (sscanf(line, "%lf", &r) == 1) printf("%.3f %.3f\n", area(r), sqrt(r));
    }
    fclose(input);
    FILE *output = fopen("made.txt", "w");
    fputs("made here\n", output);
    fclose(output);
    output = fopen("made.txt", "r");
    printf("%s", fgets(line, sizeof line, output));
}
