// ESP-NOW, which is not modelled: every call fails.
#ifndef ESPNOW_H
#define ESPNOW_H

#include "c_types.h"

enum { ESP_NOW_ROLE_IDLE, ESP_NOW_ROLE_CONTROLLER, ESP_NOW_ROLE_SLAVE, ESP_NOW_ROLE_COMBO };

typedef void (*esp_now_recv_cb_t)(uint8_t *mac, uint8_t *data, uint8_t size);
typedef void (*esp_now_send_cb_t)(uint8_t *mac, uint8_t status);

int esp_now_init(void);
int esp_now_deinit(void);
int esp_now_register_recv_cb(esp_now_recv_cb_t call);
int esp_now_register_send_cb(esp_now_send_cb_t call);
int esp_now_send(uint8_t *mac, uint8_t *data, int size);
int esp_now_add_peer(uint8_t *mac, uint8_t role, uint8_t channel, uint8_t *key, uint8_t key_size);
int esp_now_del_peer(uint8_t *mac);
int esp_now_set_self_role(uint8_t role);
int esp_now_set_kok(uint8_t *key, uint8_t size);

#endif
