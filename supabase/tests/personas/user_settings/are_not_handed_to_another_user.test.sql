begin;
select plan(2);

select tests.make_user('owner');
select tests.make_user('friend');

select tests.sign_in_as('owner');
insert into public.user_settings (user_id) values (tests.id('owner'));
select throws_ok(
  $$ update public.user_settings set user_id = tests.id('friend') $$, '42501', null, 'they stay their user''s'
);
select results_eq('select user_id from public.user_settings', $$ values (tests.id('owner')) $$, 'nothing has changed');

select * from finish();
rollback;
