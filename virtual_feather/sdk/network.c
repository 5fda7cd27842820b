// The station's network interface: lwIP above, Ethernet frames to the board's gateway below.
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "chip.h"
#include "lwip/dhcp.h"
#include "lwip/etharp.h"
#include "lwip/igmp.h"
#include "lwip/init.h"
#include "lwip/prot/ip.h"
#include "lwip/tcp.h"
#include "lwip/timeouts.h"
#include "lwip/udp.h"
#include "netif/ethernet.h"
#include "network.h"
#include "user_interface.h"

enum { MTU = 1500, FRAME = 1518 };

static int frames_socket;
static uint32_t taken; // frames so far
static struct netif station;
static bool use_dhcp = true;
static struct ip_info access_point;
static bool dhcp_server = true;
static char hostname[33];

static err_t send_frame(struct netif *netif, struct pbuf *packet) {
    if (!netif_is_link_up(netif)) {
        return ERR_OK; // lost, as in the air
    }
    uint8_t frame[FRAME];
    uint16_t size = pbuf_copy_partial(packet, frame, sizeof(frame), 0);
    __atomic_add_fetch(&page->sent, 1, __ATOMIC_RELEASE);
    while (send(frames_socket, frame, size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno == EINTR) {
    }
    return ERR_OK; // a frame that finds no room is lost too
}

static err_t init(struct netif *netif) {
    netif->name[0] = 'e';
    netif->name[1] = 'w';
    netif->output = etharp_output;
    netif->linkoutput = send_frame;
    netif->mtu = MTU;
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_IGMP;
    netif->hostname = hostname;
    netif->hwaddr_len = 6;
    return ERR_OK;
}

void netif_set_mac(void) {
    memcpy(station.hwaddr, page->mac[STATION_IF], 6);
}

void netif_open(int frames) {
    frames_socket = frames;
    lwip_init();
    netif_add_noaddr(&station, NULL, init, ethernet_input);
    netif_set_mac();
    netif_set_default(&station);
    IP4_ADDR(&access_point.ip, 192, 168, 4, 1);
    IP4_ADDR(&access_point.netmask, 255, 255, 255, 0);
    access_point.gw = access_point.ip;
}

int netif_descriptor(void) {
    return frames_socket;
}

bool netif_has_address(void) {
    return netif_is_link_up(&station) && !ip4_addr_isany_val(*netif_ip4_addr(&station));
}

// A connection keeps its route while there is no link, and continues when the link is back, as in the SDK's lwIP 1.4;
// lwIP 2 would end it. A packet that has no address yet gets no route here.
struct netif *network_way(const ip4_addr_t *source) {
    bool ours = source && !ip4_addr_isany(source) && ip4_addr_eq(source, netif_ip4_addr(&station));
    return ours ? &station : NULL;
}

void netif_link(bool up) {
    if (up == !!netif_is_link_up(&station)) {
        return;
    }
    clock_event();
    if (!up) {
        netif_set_link_down(&station);
        return;
    }
    netif_set_up(&station);
    netif_set_link_up(&station); // DHCP asks for its last address again
    if (use_dhcp && !netif_dhcp_data(&station)) {
        dhcp_start(&station);
    }
}

static void receive_frames(void) {
    while (taken != __atomic_load_n(&page->frames, __ATOMIC_ACQUIRE)) {
        uint8_t frame[FRAME];
        ssize_t size = recv(frames_socket, frame, sizeof(frame), MSG_DONTWAIT);
        if (size <= 0) {
            return;
        }
        ++taken;
        clock_event();
        struct pbuf *packet = netif_is_link_up(&station) ? pbuf_alloc(PBUF_RAW, size, PBUF_RAM) : NULL;
        if (packet) {
            pbuf_take(packet, frame, size);
            if (station.input(packet, &station) != ERR_OK) {
                pbuf_free(packet);
            }
        }
    }
}

uint32_t sys_now(void) {
    return (uint32_t)((clock_now() - page->boot_us) / 1000);
}

void netif_poll(void) {
    receive_frames();
    if (netif_due() <= clock_now()) {
        sys_check_timeouts();
    }
}

bool netif_busy(void) {
    return taken != __atomic_load_n(&page->frames, __ATOMIC_ACQUIRE) ||
        page->sent != __atomic_load_n(&page->seen, __ATOMIC_ACQUIRE);
}

uint64_t netif_due(void) {
    uint32_t ms = sys_timeouts_sleeptime();
    return ms == SYS_TIMEOUTS_SLEEPTIME_INFINITE ? UINT64_MAX : clock_now() + ms * 1000ull;
}

// The SDK's calls about addresses.

bool wifi_get_ip_info(uint8_t interface, struct ip_info *info) {
    if (interface == SOFTAP_IF) {
        *info = access_point;
    } else {
        *info = (struct ip_info){*netif_ip4_addr(&station), *netif_ip4_netmask(&station), *netif_ip4_gw(&station)};
        if (use_dhcp && !netif_is_link_up(&station)) {
            memset(info, 0, sizeof(*info));
        }
    }
    return true;
}

bool wifi_set_ip_info(uint8_t interface, struct ip_info *info) {
    if (interface == SOFTAP_IF) {
        access_point = *info;
    } else {
        netif_set_addr(&station, &info->ip, &info->netmask, &info->gw);
    }
    return true;
}

bool wifi_station_dhcpc_start(void) {
    use_dhcp = true;
    return !netif_is_link_up(&station) || dhcp_start(&station) == ERR_OK;
}

bool wifi_station_dhcpc_stop(void) {
    use_dhcp = false;
    dhcp_stop(&station);
    return true;
}

enum dhcp_status wifi_station_dhcpc_status(void) {
    return use_dhcp ? DHCP_STARTED : DHCP_STOPPED;
}

bool wifi_station_set_hostname(char *name) {
    strncpy(hostname, name, sizeof(hostname) - 1);
    return true;
}

bool wifi_softap_dhcps_start(void) {
    dhcp_server = true;
    return true;
}

bool wifi_softap_dhcps_stop(void) {
    dhcp_server = false;
    return true;
}

enum dhcp_status wifi_softap_dhcps_status(void) {
    return dhcp_server ? DHCP_STARTED : DHCP_STOPPED;
}

// A program begins to listen: the gateway then lets this computer reach the port. The linker leads the port's calls
// here, but not lwIP's own.

static void tell_port(uint8_t protocol, uint16_t port) {
    uint8_t message[] = {protocol, port, port >> 8};
    link_tell('Q', message, sizeof(message));
}

struct tcp_pcb *__wrap_tcp_listen_with_backlog_and_err(struct tcp_pcb *pcb, uint8_t backlog, err_t *error);
struct tcp_pcb *__wrap_tcp_listen_with_backlog_and_err(struct tcp_pcb *pcb, uint8_t backlog, err_t *error) {
    struct tcp_pcb *listener = tcp_listen_with_backlog_and_err(pcb, backlog, error);
    if (listener) {
        tell_port(IP_PROTO_TCP, listener->local_port);
    }
    return listener;
}

err_t __wrap_udp_bind(struct udp_pcb *pcb, const ip_addr_t *address, uint16_t port);
err_t __wrap_udp_bind(struct udp_pcb *pcb, const ip_addr_t *address, uint16_t port) {
    err_t error = udp_bind(pcb, address, port);
    if (error == ERR_OK) {
        tell_port(IP_PROTO_UDP, pcb->local_port);
    }
    return error;
}
