// expect: compile_error
// lacks: RUNNEL
// lacks: SECRET
// lacks: TOKEN
// lacks: DOCKER
// The compiler tells what it was given: its environment, its parent's, the shadow file.
#include "/proc/self/environ"
#include "/proc/1/environ"
#include "/proc/self/cmdline"
#include "/etc/shadow"
int main(void) { return 0; }
