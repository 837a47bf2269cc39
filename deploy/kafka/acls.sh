#!/bin/sh
# Made by `drover topics acls` from the table of topics; do not edit.
# BOOTSTRAP and ADMIN (a properties file) say where and as whom.
set -eu
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:ingest --operation Write --operation Describe --topic drover.applications
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:ingest --operation Write --operation Describe --topic drover.audit
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:ingest --operation Write --operation Describe --topic drover.calendar
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:ingest --operation Write --operation Describe --topic drover.calls
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:ingest --operation Write --operation Describe --topic drover.control
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:ingest --operation Write --operation Describe --topic drover.deadletter
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:ingest --operation Write --operation Describe --topic drover.maintenance
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:ingest --operation Write --operation Describe --topic drover.metrics
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:ingest --operation Write --operation Describe --topic drover.paths
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:ingest --operation Write --operation Describe --topic drover.servers
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:forecaster --operation Read --operation Describe --topic drover.calls
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:forecaster --operation Write --operation Describe --topic drover.deadletter
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:forecaster --operation Write --operation Describe --topic drover.forecasts
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:forecaster --operation Write --operation Describe --topic drover.graph
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:forecaster --operation Read --operation Describe --topic drover.metrics
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:forecaster --operation Read --operation Describe --topic drover.paths
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:forecaster --operation Read --operation Describe --group drover.forecaster
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:planner --operation Read --operation Describe --topic drover.applications
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:planner --operation Read --operation Describe --topic drover.calendar
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:planner --operation Read --operation Describe --topic drover.control
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:planner --operation Write --operation Describe --topic drover.deadletter
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:planner --operation Read --operation Describe --topic drover.forecasts
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:planner --operation Read --operation Describe --topic drover.graph
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:planner --operation Read --operation Describe --topic drover.maintenance
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:planner --operation Read --operation Describe --topic drover.outcomes
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:planner --operation Write --operation Describe --topic drover.plans
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:planner --operation Write --operation Describe --topic drover.scenarios
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:planner --operation Read --operation Describe --topic drover.servers
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:planner --operation Read --operation Describe --group drover.planner
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:planner --operation Write --operation Describe --transactional-id drover.planner- --resource-pattern-type prefixed
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:executor --operation Read --operation Describe --topic drover.control
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:executor --operation Write --operation Describe --topic drover.deadletter
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:executor --operation Write --operation Describe --topic drover.outcomes
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:executor --operation Read --operation Describe --topic drover.plans
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:executor --operation Read --operation Write --operation Describe --topic drover.reports
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:executor --operation Write --operation Describe --topic drover.steps
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:executor --operation Read --operation Describe --group drover.executor
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:executor --operation Write --operation Describe --transactional-id drover.executor- --resource-pattern-type prefixed
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:operator --operation Read --operation Create --operation Alter --operation AlterConfigs --operation DescribeConfigs --operation Describe --topic drover.applications
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:operator --operation Read --operation Write --operation Create --operation Alter --operation AlterConfigs --operation DescribeConfigs --operation Describe --topic drover.audit
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:operator --operation Read --operation Create --operation Alter --operation AlterConfigs --operation DescribeConfigs --operation Describe --topic drover.calendar
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:operator --operation Read --operation Create --operation Alter --operation AlterConfigs --operation DescribeConfigs --operation Describe --topic drover.calls
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:operator --operation Read --operation Write --operation Create --operation Alter --operation AlterConfigs --operation DescribeConfigs --operation Describe --topic drover.control
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:operator --operation Read --operation Write --operation Create --operation Alter --operation AlterConfigs --operation DescribeConfigs --operation Describe --topic drover.deadletter
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:operator --operation Read --operation Create --operation Alter --operation AlterConfigs --operation DescribeConfigs --operation Describe --topic drover.forecasts
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:operator --operation Read --operation Create --operation Alter --operation AlterConfigs --operation DescribeConfigs --operation Describe --topic drover.graph
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:operator --operation Read --operation Create --operation Alter --operation AlterConfigs --operation DescribeConfigs --operation Describe --topic drover.maintenance
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:operator --operation Read --operation Create --operation Alter --operation AlterConfigs --operation DescribeConfigs --operation Describe --topic drover.metrics
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:operator --operation Read --operation Create --operation Alter --operation AlterConfigs --operation DescribeConfigs --operation Describe --topic drover.outcomes
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:operator --operation Read --operation Create --operation Alter --operation AlterConfigs --operation DescribeConfigs --operation Describe --topic drover.paths
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:operator --operation Read --operation Create --operation Alter --operation AlterConfigs --operation DescribeConfigs --operation Describe --topic drover.plans
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:operator --operation Read --operation Create --operation Alter --operation AlterConfigs --operation DescribeConfigs --operation Describe --topic drover.reports
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:operator --operation Read --operation Create --operation Alter --operation AlterConfigs --operation DescribeConfigs --operation Describe --topic drover.scenarios
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:operator --operation Read --operation Create --operation Alter --operation AlterConfigs --operation DescribeConfigs --operation Describe --topic drover.servers
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:operator --operation Read --operation Create --operation Alter --operation AlterConfigs --operation DescribeConfigs --operation Describe --topic drover.steps
kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add --allow-principal User:operator --operation Describe --group drover. --resource-pattern-type prefixed
