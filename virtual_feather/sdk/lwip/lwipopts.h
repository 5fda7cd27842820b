// lwIP as the SDK configures its own, which is lwIP 1.4 with changes (include/lwipopts.h of the SDK's open part).
#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0
#define LWIP_STATS 0
#define LWIP_NOASSERT

#define MEM_LIBC_MALLOC 0
#define MEM_CUSTOM_ALLOCATOR 1
#define MEM_CUSTOM_MALLOC pvPortMalloc
#define MEM_CUSTOM_CALLOC sdk_calloc
#define MEM_CUSTOM_FREE vPortFree
#define MEMP_MEM_MALLOC 1
#define MEM_ALIGNMENT 4

#define LWIP_DHCP 1
#define LWIP_DNS 1
#define DNS_TABLE_SIZE 4
#define DNS_SERVER_ADDRESS(address) ip4addr_aton("208.67.222.222", address)
#define LWIP_IGMP 1
#define LWIP_RAW 1
#define LWIP_NETIF_HOSTNAME 1
#define LWIP_NETIF_LINK_CALLBACK 0
#define LWIP_DHCP_DOES_ACD_CHECK 0
#define IP_REASSEMBLY 0
#define IP_FRAG 0
#define SO_REUSE 1
// network.c
struct ip4_addr;
struct netif;
struct netif *network_way(const struct ip4_addr *source);
#define LWIP_HOOK_IP4_ROUTE_SRC(source, destination) network_way(source)

#define TCP_MSS 1460
#define TCP_WND (4 * TCP_MSS)
#define TCP_SND_BUF (2 * TCP_MSS)
#define TCP_SND_QUEUELEN 8
#define MEMP_NUM_TCP_SEG TCP_SND_QUEUELEN
#define TCP_SNDLOWAT (TCP_MSS + 1)
#define TCP_MAXRTX 12
#define TCP_SYNMAXRTX 6
#define TCP_TMR_INTERVAL 125
#define TCP_LISTEN_BACKLOG 1
#define LWIP_DISABLE_TCP_SANITY_CHECKS 1
// An empty file that extmod/network_lwip.c, written for lwIP 2, needs to compile; nothing of it is used.
#define LWIP_TESTMODE 1
