// The SDK's calls for the system and for Wi-Fi (ESP8266 Non-OS SDK API Reference, chapters 3.3 and 3.5).
#ifndef USER_INTERFACE_H
#define USER_INTERFACE_H

#include "ets_sys.h"
#include "gpio.h"
#include "lwip/ip_addr.h"
#include "os_type.h"
#include "queue.h"
#include "spi_flash.h"

// System.

enum rst_reason {
    REASON_DEFAULT_RST, REASON_WDT_RST, REASON_EXCEPTION_RST, REASON_SOFT_WDT_RST,
    REASON_SOFT_RESTART, REASON_DEEP_SLEEP_AWAKE, REASON_EXT_SYS_RST,
};

struct rst_info {
    uint32_t reason;
};

struct rst_info *system_get_rst_info(void);
const char *system_get_sdk_version(void);
void system_restart(void);
void system_deep_sleep_set_option(uint8_t option);
bool system_deep_sleep(uint64_t us);
void system_timer_reinit(void);
void system_init_done_cb(void (*call)(void));
uint32_t system_get_time(void);
uint32_t system_get_rtc_time(void);
uint32_t system_rtc_clock_cali_proc(void);
bool system_rtc_mem_read(uint8_t block, void *data, uint16_t size);
bool system_rtc_mem_write(uint8_t block, const void *data, uint16_t size);
void system_soft_wdt_feed(void);
uint32_t system_get_chip_id(void);
uint8_t system_get_cpu_freq(void);
bool system_update_cpu_freq(uint8_t mhz);
uint32_t system_get_free_heap_size(void);
void system_print_meminfo(void);
uint16_t system_adc_read(void);
uint16_t system_get_vdd33(void);
void system_phy_set_max_tpw(uint8_t power);
void system_uart_swap(void);
void system_uart_de_swap(void);
void uart_div_modify(uint8_t uart, uint32_t divider);
int rand(void);

// Wi-Fi.

enum { STATION_IF, SOFTAP_IF };
enum { NULL_MODE, STATION_MODE, SOFTAP_MODE, STATIONAP_MODE };
enum {
    STATION_IDLE, STATION_CONNECTING, STATION_WRONG_PASSWORD, STATION_NO_AP_FOUND, STATION_CONNECT_FAIL,
    STATION_GOT_IP,
};
enum sleep_type { NONE_SLEEP_T, LIGHT_SLEEP_T, MODEM_SLEEP_T };
enum dhcp_status { DHCP_STOPPED, DHCP_STARTED };
typedef enum { AUTH_OPEN, AUTH_WEP, AUTH_WPA_PSK, AUTH_WPA2_PSK, AUTH_WPA_WPA2_PSK } AUTH_MODE;
enum phy_mode { PHY_MODE_11B = 1, PHY_MODE_11G, PHY_MODE_11N };

struct ip_info {
    ip4_addr_t ip, netmask, gw;
};

struct station_config {
    uint8_t ssid[32], password[64];
    uint8_t bssid_set, bssid[6];
};

struct softap_config {
    uint8_t ssid[32], password[64];
    uint8_t ssid_len, channel, authmode, ssid_hidden;
};

struct station_info {
    STAILQ_ENTRY(station_info) next;
    uint8_t bssid[6];
    ip4_addr_t ip;
};

struct bss_info {
    STAILQ_ENTRY(bss_info) next;
    uint8_t bssid[6], ssid[32], ssid_len, channel;
    int8_t rssi;
    AUTH_MODE authmode;
    uint8_t is_hidden;
};

struct scan_config {
    uint8_t *ssid, *bssid, channel, show_hidden;
};

typedef void (*scan_done_cb_t)(void *found, STATUS status);

uint8_t wifi_get_opmode(void);
bool wifi_set_opmode(uint8_t mode);
bool wifi_get_ip_info(uint8_t interface, struct ip_info *info);
bool wifi_set_ip_info(uint8_t interface, struct ip_info *info);
bool wifi_get_macaddr(uint8_t interface, uint8_t *mac);
bool wifi_set_macaddr(uint8_t interface, uint8_t *mac);
uint8_t wifi_get_channel(void);
bool wifi_set_channel(uint8_t channel);
enum phy_mode wifi_get_phy_mode(void);
bool wifi_set_phy_mode(enum phy_mode mode);
enum sleep_type wifi_get_sleep_type(void);
bool wifi_set_sleep_type(enum sleep_type type);
void wifi_fpm_open(void);
void wifi_fpm_close(void);
void wifi_fpm_do_wakeup(void);
int8_t wifi_fpm_do_sleep(uint32_t us);
void wifi_fpm_set_sleep_type(enum sleep_type type);

bool wifi_station_get_config(struct station_config *config);
bool wifi_station_set_config(struct station_config *config);
bool wifi_station_connect(void);
bool wifi_station_disconnect(void);
uint8_t wifi_station_get_connect_status(void);
int8_t wifi_station_get_rssi(void);
bool wifi_station_scan(struct scan_config *config, scan_done_cb_t call);
bool wifi_station_set_hostname(char *name);
bool wifi_station_dhcpc_start(void);
bool wifi_station_dhcpc_stop(void);
enum dhcp_status wifi_station_dhcpc_status(void);

bool wifi_softap_get_config(struct softap_config *config);
bool wifi_softap_set_config(struct softap_config *config);
uint8_t wifi_softap_get_station_num(void);
struct station_info *wifi_softap_get_station_info(void);
void wifi_softap_free_station_info(void);
bool wifi_softap_dhcps_start(void);
bool wifi_softap_dhcps_stop(void);
enum dhcp_status wifi_softap_dhcps_status(void);

#endif
