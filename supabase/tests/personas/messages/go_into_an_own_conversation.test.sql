begin;
select plan(6);

select tests.given_tale('stranger');
select tests.make_user('owner');
select tests.given_conversation('own tale', 'owner');

select tests.sign_in_as('owner');
select throws_ok(
  format('insert into public.messages (user_id, conversation_id) values (tests.id(%L), tests.id(%L))', 'owner', tale),
  '42501', 'new row violates row-level security policy for table "messages"', 'not into ' || tale
) from unnest(array['tale', 'no tale']) as tale;
select throws_ok(
  format(
    'insert into public.messages (user_id, conversation_id, parent_id) values (tests.id(%L), tests.id(%L), tests.id(%L))',
    'owner', 'own tale', parent
  ),
  '23503', 'insert or update on table "messages" violates foreign key constraint "messages_hang_below_their_parent"',
  'not below ' || parent
) from unnest(array['first question', 'no message']) as parent;
select throws_ok(
  $$ insert into public.messages (user_id, conversation_id) values (tests.id('stranger'), tests.id('own tale')) $$,
  '42501', 'new row violates row-level security policy for table "messages"', 'not in another user''s name'
);
select is_empty('select 1 from public.messages', 'nothing is stored');

select * from finish();
rollback;
