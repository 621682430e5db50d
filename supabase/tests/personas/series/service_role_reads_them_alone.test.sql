begin;
select plan(4);

select tests.sign_in_as_service();
select results_eq(
  $$ select count(*) from relay.series where name = 'sweeps_total' $$, array[1::bigint], 'it reads'
);
select throws_ok(
  $$ insert into relay.series (name, labels) values ('refusals_total', '{"code": "bad_luck"}') $$,
  '42501', 'permission denied for table series', 'it adds nothing'
);
select throws_ok(
  $$ update relay.series set labels = '{"code": "bad_luck"}' where name = 'sweeps_total' $$,
  '42501', 'permission denied for table series', 'it changes nothing'
);
select throws_ok(
  $$ delete from relay.series $$, '42501', 'permission denied for table series', 'it deletes nothing'
);

select * from finish();
rollback;
