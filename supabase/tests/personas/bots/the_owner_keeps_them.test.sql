begin;
select plan(8);

select tests.make_user('owner');
select tests.sign_in_as('owner');
select lives_ok(
  $$ insert into public.bots (id, user_id, name, access_key, model)
    values (tests.id('bot'), tests.id('owner'), 'bot', 'the key', 'a model') $$, 'a bot is made'
);
select results_eq(
  $$ select user_id, name, access_path, model, params from public.bots $$,
  $$ values (tests.id('owner'), 'bot', 'https://api.openai.com/v1', 'a model', '{}'::jsonb) $$, 'it is read'
);
select lives_ok($$ update public.bots set name = 'new name', temperature = 1 $$, 'it is changed');
select results_eq(
  $$ select name, temperature from public.bots $$, $$ values ('new name', 1::double precision) $$, 'the change is kept'
);
select throws_ok(
  $$ update public.bots set user_id = tests.id('owner') $$, '42501', 'permission denied for table bots',
  'it is not given away'
);
select throws_ok(
  $$ update public.bots set updated_at = now() + interval '1 year' $$, '42501', 'permission denied for table bots',
  'its time is not written'
);
select lives_ok($$ delete from public.bots $$, 'it is deleted');
select is_empty('select id from public.bots', 'it is gone');

select * from finish();
rollback;
