// The SDK's Wi-Fi calls. The board's radio decides what happens and keeps the parameters, which are in the page.
#include <string.h>

#include "chip.h"
#include "network.h"
#include "osapi.h"
#include "user_interface.h"

static bool changed = true;
static enum sleep_type sleep_type = MODEM_SLEEP_T;
static enum phy_mode phy_mode = PHY_MODE_11N;

void wifi_changed(void) {
    changed = true;
}

void wifi_poll(void) {
    if (changed) {
        changed = false;
        netif_link(page->status == STATION_GOT_IP);
    }
}

uint8_t wifi_get_opmode(void) {
    return page->opmode;
}

bool wifi_set_opmode(uint8_t mode) {
    return link_ask_number('M', &mode, 1);
}

bool wifi_get_macaddr(uint8_t interface, uint8_t *mac) {
    memcpy(mac, page->mac[interface], 6);
    return true;
}

bool wifi_set_macaddr(uint8_t interface, uint8_t *mac) {
    memcpy(page->mac[interface], mac, 6);
    netif_set_mac();
    return true;
}

uint8_t wifi_get_channel(void) {
    return page->status == STATION_GOT_IP ? page->air_channel : page->access_point.channel;
}

bool wifi_set_channel(uint8_t channel) {
    return channel >= 1 && channel <= 14;
}

enum phy_mode wifi_get_phy_mode(void) {
    return phy_mode;
}

bool wifi_set_phy_mode(enum phy_mode mode) {
    phy_mode = mode;
    return true;
}

enum sleep_type wifi_get_sleep_type(void) {
    return sleep_type;
}

bool wifi_set_sleep_type(enum sleep_type type) {
    sleep_type = type;
    return true;
}

// The radio's forced sleep has no visible effect.

void wifi_fpm_open(void) {
}

void wifi_fpm_close(void) {
}

void wifi_fpm_do_wakeup(void) {
}

int8_t wifi_fpm_do_sleep(uint32_t us) {
    (void)us;
    return 0;
}

void wifi_fpm_set_sleep_type(enum sleep_type type) {
    (void)type;
}

// The station.

bool wifi_station_get_config(struct station_config *config) {
    *config = (struct station_config){.bssid_set = 0};
    memcpy(config->ssid, page->station.ssid, sizeof(config->ssid));
    memcpy(config->password, page->station.key, sizeof(config->password));
    return true;
}

bool wifi_station_set_config(struct station_config *config) {
    return link_ask_number('C', config, sizeof(config->ssid) + sizeof(config->password));
}

bool wifi_station_connect(void) {
    return link_ask_number('J', NULL, 0);
}

bool wifi_station_disconnect(void) {
    return link_ask_number('L', NULL, 0);
}

// The radio's STATION_GOT_IP means that it has joined; the address comes from lwIP.
uint8_t wifi_station_get_connect_status(void) {
    wifi_poll();
    bool waits = page->status == STATION_GOT_IP && !netif_has_address();
    return waits ? STATION_CONNECTING : page->status;
}

int8_t wifi_station_get_rssi(void) {
    return page->rssi;
}

static os_timer_t scan_timer;
static scan_done_cb_t scan_done;

static void end_scan(void *unused) {
    (void)unused;
    enum { MOST = 16 };
    static struct bss_info found[MOST];
    struct {
        uint8_t ssid[32], ssid_length, bssid[6], channel;
        int8_t rssi;
        uint8_t authmode;
    } rows[MOST];
    size_t count = link_ask('N', NULL, 0, rows, sizeof(rows)) / sizeof(rows[0]);
    for (size_t i = 0; i < count; ++i) {
        found[i] = (struct bss_info){
            .next = {i + 1 < count ? &found[i + 1] : NULL},
            .ssid_len = rows[i].ssid_length,
            .channel = rows[i].channel,
            .rssi = rows[i].rssi,
            .authmode = rows[i].authmode,
        };
        memcpy(found[i].ssid, rows[i].ssid, sizeof(found[i].ssid));
        memcpy(found[i].bssid, rows[i].bssid, sizeof(found[i].bssid));
    }
    scan_done(count ? found : NULL, OK);
}

bool wifi_station_scan(struct scan_config *config, scan_done_cb_t call) {
    (void)config;
    enum { SCAN_MS = 2000 };
    scan_done = call;
    os_timer_setfn(&scan_timer, end_scan, NULL);
    os_timer_arm(&scan_timer, SCAN_MS, false);
    return true;
}

// The access point, which nobody joins.

bool wifi_softap_get_config(struct softap_config *config) {
    memcpy(config, &page->access_point, sizeof(*config));
    return true;
}

bool wifi_softap_set_config(struct softap_config *config) {
    return link_ask_number('A', config, sizeof(*config));
}

uint8_t wifi_softap_get_station_num(void) {
    return 0;
}

struct station_info *wifi_softap_get_station_info(void) {
    return NULL;
}

void wifi_softap_free_station_info(void) {
}
