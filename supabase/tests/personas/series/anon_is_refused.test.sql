begin;
select plan(5);

select tests.given_tale('owner');
select tests.make_user('friend');
select tests.make_user('stranger');
select tests.given_share('bot', 'friend');
select tests.call_begin('owner', 'first', conversation => 'tale');
create temp table before as select tests.everything() as everything;

select tests.sign_in_as_anon();
select throws_ok(
  $$ select * from relay.series $$, '42501', 'permission denied for schema relay', 'anon reads nothing'
);
select throws_ok(
  $$ insert into relay.series (name) values ('forged') $$,
  '42501', 'permission denied for schema relay', 'anon adds nothing'
);
select throws_ok(
  $$ update relay.series set name = 'changed' $$,
  '42501', 'permission denied for schema relay', 'anon changes nothing'
);
select throws_ok(
  $$ delete from relay.series $$, '42501', 'permission denied for schema relay', 'anon deletes nothing'
);
select tests.sign_out();
select is(tests.everything(), everything, 'nothing has changed') from before;

select * from finish();
rollback;
