// Only network_wlan.c includes this, and asks lwIP 1.4's dns_getserver of lwip/dns.h, which gives a value.
#define DNS_GETSERVER_GIVES_A_VALUE 1
