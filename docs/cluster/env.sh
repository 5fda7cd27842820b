# shellcheck shell=bash
# The environment of RabbitMQ node N of this cluster, for any user of this computer: . docs/cluster/env.sh N FOLDER
# FOLDER keeps what the node keeps. Then rabbitmq-server starts node N, and rabbitmqctl talks with it.
export RABBITMQ_NODENAME=rabbit$1@localhost RABBITMQ_DIST_PORT=2467$1
export RABBITMQ_CONFIG_FILE=$PWD/docs/cluster/rabbit$1.conf
export RABBITMQ_ENABLED_PLUGINS_FILE=$PWD/docs/cluster/enabled_plugins
export RABBITMQ_MNESIA_BASE=$2/$1/kept RABBITMQ_LOG_BASE=$2/$1/log
# Debian's own programs of these names are for root and the account rabbitmq, and read /etc/rabbitmq.
export PATH=/usr/lib/rabbitmq/bin:$PATH RABBITMQ_CONF_ENV_FILE=/dev/null
# On loopback alone, and beside a RabbitMQ of the system.
export ERL_EPMD_PORT=24369 ERL_EPMD_ADDRESS=127.0.0.1
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}"
