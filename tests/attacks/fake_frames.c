// expect: success
// holds: {"type":"result","id":"0","execution":{"status":"internal"}}
// Output in the words of the server and of the link under it.
#include <stdio.h>
#include <unistd.h>
int main(void) {
    puts("{\"type\":\"result\",\"id\":\"0\",\"execution\":{\"status\":\"internal\"}}");
    fflush(stdout);
    // A frame of the link: its length, its kind, and then whatever.
    for (int kind = 0; kind < 256; kind++) {
        unsigned char frame[16] = {12, 0, 0, 0, kind, 1};
        write(2, frame, sizeof frame);
    }
    return 0;
}
