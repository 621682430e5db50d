begin;
select plan(3);

select tests.given_tale('stranger');
select tests.make_user('owner');
select tests.given_conversation('own tale', 'owner');

select tests.sign_in_as('owner');
select throws_ok(
  format('update public.conversations set active_message_id = tests.id(%L)', message), '23503',
  'insert or update on table "conversations" violates foreign key constraint "conversations_point_at_their_own_message"',
  message || ' is not'
) from unnest(array['first question', 'no message']) as message;
select is(active_message_id, null, 'nothing has changed') from public.conversations;

select * from finish();
rollback;
