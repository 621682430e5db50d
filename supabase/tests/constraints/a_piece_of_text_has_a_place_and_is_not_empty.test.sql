begin;
select plan(8);

select tests.make_user('owner');
select tests.given_generation('first', 'owner');
select tests.given_text('first', 'Once');

select tests.violates(
  $$ insert into relay.chunks values ('first', -1, 4, ' upon') $$, 'chunks', 'chunks_begin_inside_the_text',
  'none begins before the text'
);
select tests.violates(
  format('insert into relay.chunks values (''first'', 4, %s, '' upon'')', end_at), 'chunks', 'chunks_are_not_empty',
  'none ends at ' || end_at || ' and begins at 4'
) from unnest(array[3, 4]) as end_at;
select tests.violates(
  $$ insert into relay.chunks values ('first', 4, 9, '') $$, 'chunks', 'chunks_are_not_empty', 'none is without text'
);
select throws_ok(
  $$ insert into relay.chunks values ('first', 0, 9, 'Twice') $$, '23505',
  'duplicate key value violates unique constraint "chunks_pkey"', 'no two begin at one place'
);
select throws_ok(
  $$ insert into relay.chunks values ('unknown', 0, 4, 'Once') $$, '23503',
  'insert or update on table "chunks" violates foreign key constraint "chunks_stream_id_fkey"',
  'none is of no generation'
);
select lives_ok($$ delete from relay.generations $$, 'a generation can be deleted');
select is_empty('select * from relay.chunks', 'and takes its text along');

select * from finish();
rollback;
