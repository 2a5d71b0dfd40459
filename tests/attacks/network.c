// expect: success
// holds: done
// Whatever might answer: the machine itself, docker's bridge, names, broadcasts, the metadata of clouds. And no interface can be made.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
int main(void) {
    const char *places[] = {"127.0.0.1", "172.17.0.1", "169.254.169.254", "10.0.0.1", "192.168.0.1", "1.1.1.1", "255.255.255.255"};
    const int ports[] = {22, 53, 80, 443, 2375, 8080};
    for (int p = 0; p < 7; p++)
        for (int n = 0; n < 6; n++) {
            struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(ports[n])};
            inet_pton(AF_INET, places[p], &to.sin_addr);
            int stream = socket(AF_INET, SOCK_STREAM, 0);
            setsockopt(stream, SOL_SOCKET, SO_SNDTIMEO, &(struct timeval){.tv_usec = 100000}, sizeof(struct timeval));
            int failed = connect(stream, (struct sockaddr *)&to, sizeof to);
            // Neither an answer nor somebody who takes his time.
            if (failed == 0 || errno == EINPROGRESS) printf("WORKED: %s:%d\n", places[p], ports[n]);
            close(stream);
            int packets = socket(AF_INET, SOCK_DGRAM, 0);
            setsockopt(packets, SOL_SOCKET, SO_BROADCAST, &(int){1}, sizeof(int));
            // Its own loop takes packets: nobody is there.
            if (p > 0 && sendto(packets, "x", 1, 0, (struct sockaddr *)&to, sizeof to) == 1) printf("WORKED: packets to %s\n", places[p]);
            close(packets);
        }
    for (int type = SOCK_RAW; type <= SOCK_RDM; type++)
        for (int protocol = 0; protocol < 256; protocol++)
            if (socket(AF_INET, type, protocol) >= 0 || socket(AF_INET6, type, protocol) >= 0) puts("WORKED: raw");
    struct ifreq request = {0};
    strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP | IFF_PROMISC;
    if (ioctl(socket(AF_INET, SOCK_DGRAM, 0), SIOCSIFFLAGS, &request) == 0) puts("WORKED: the interface");
    if (gethostbyname("localhost.localdomain") || gethostbyname("example.org")) puts("WORKED: names");
    puts("done");
    return 0;
}
