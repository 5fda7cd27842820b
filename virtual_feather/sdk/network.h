// The station's interface, for wifi.c.
#ifndef NETWORK_H
#define NETWORK_H

#include <stdbool.h>

bool netif_has_address(void);
void netif_set_mac(void);

#endif
