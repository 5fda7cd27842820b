// ESP-NOW is not modelled: its calls fail, and registered callbacks are never called.
#include "espnow.h"

enum { FAILS = -1 };

int esp_now_init(void) {
    return FAILS;
}

int esp_now_deinit(void) {
    return 0;
}

int esp_now_register_recv_cb(esp_now_recv_cb_t call) {
    (void)call;
    return FAILS;
}

int esp_now_register_send_cb(esp_now_send_cb_t call) {
    (void)call;
    return FAILS;
}

int esp_now_send(uint8_t *mac, uint8_t *data, int size) {
    (void)mac; (void)data; (void)size;
    return FAILS;
}

int esp_now_add_peer(uint8_t *mac, uint8_t role, uint8_t channel, uint8_t *key, uint8_t key_size) {
    (void)mac; (void)role; (void)channel; (void)key; (void)key_size;
    return FAILS;
}

int esp_now_del_peer(uint8_t *mac) {
    (void)mac;
    return FAILS;
}

int esp_now_set_self_role(uint8_t role) {
    (void)role;
    return FAILS;
}

int esp_now_set_kok(uint8_t *key, uint8_t size) {
    (void)key; (void)size;
    return FAILS;
}
