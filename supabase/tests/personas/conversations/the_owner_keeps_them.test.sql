begin;
select plan(9);

select tests.make_user('owner');
select tests.given_bot('bot', 'owner');

select tests.sign_in_as('owner');
select lives_ok(
  $$ insert into public.conversations (id, user_id, title) values (tests.id('tale'), tests.id('owner'), 'tale')
    returning * $$, 'one is made, and read in the same breath'
);
select tests.sign_out();
select tests.given_message('first question', 'tale');
select tests.sign_in_as('owner');
select lives_ok(
  $$ update public.conversations
    set title = 'new title', bot_id = tests.id('bot'), active_message_id = tests.id('first question') $$, 'it is changed'
);
select results_eq(
  $$ select title, bot_id, active_message_id from public.conversations $$,
  $$ values ('new title', tests.id('bot'), tests.id('first question')) $$, 'it is read'
);
select throws_ok(
  format('update public.conversations set %s', change), '42501', 'permission denied for table conversations',
  change || ' is refused'
) from unnest(array['user_id = tests.id(''owner'')', 'id = gen_random_uuid()', 'created_at = now()', 'updated_at = now()'])
  as change;
select lives_ok($$ delete from public.conversations $$, 'it is deleted');
select is_empty('select 1 from public.messages', 'its messages go with it');

select * from finish();
rollback;
