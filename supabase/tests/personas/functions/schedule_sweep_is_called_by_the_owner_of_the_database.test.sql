begin;
select plan(4);

select tests.sign_in_as_anon();
select throws_ok(
  'select relay.schedule_sweep()', '42501', 'permission denied for schema relay', 'not by anon'
);
select tests.sign_in_as('owner');
select throws_ok(
  'select relay.schedule_sweep()', '42501', 'permission denied for schema relay', 'not by a user'
);
select tests.sign_in_as_service();
select throws_ok(
  'select relay.schedule_sweep()', '42501', 'permission denied for function schedule_sweep', 'not by service_role'
);
select tests.sign_out();
select is(
  relay.schedule_sweep(), exists (select 1 from pg_catalog.pg_extension where extname = 'pg_cron'),
  'who owns it learns whether there is a pg_cron to do it'
);

select * from finish();
rollback;
