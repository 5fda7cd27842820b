// lwIP 2's dns.h, with 1.4's dns_getserver for the one file of the port that is written for it.
#include_next "lwip/dns.h"
#if defined(DNS_GETSERVER_GIVES_A_VALUE) && !defined(dns_getserver)
#define dns_getserver(index) (*dns_getserver(index))
#endif
